// The forge of this machine: pull requests on the stream, branches and merges in the product repository. The harness merges,
// nobody else can; what may be merged was checked and approved at exactly this head.

import type { Bus } from '../../bus/bus.ts';
import type { Pull } from '../../bus/records.ts';
import { oneLine } from '../clean.ts';
import { checkBranch, checkCommit } from '../names.ts';
import type { LocalProducts } from '../products.ts';
import type { Forge, MergeInfo } from '../tools.ts';
import { openPulls, type Pulls } from './pulls.ts';
import { HeadMoved, MergeRefused, NoPull, ReviewRefused } from './refusals.ts';

const short = (commit: string) => commit.slice(0, 7);

/** The squashed commit: one subject line, and trailers that only the harness writes. */
function messageOf(pull: Pull, info: MergeInfo): string {
  const subject = oneLine(info.message.split('\n').find((line) => line.trim() !== '') ?? pull.title);
  return `${subject}\n\nTask: ${pull.task}\nAgent: ${oneLine(pull.author)}\nPull: ${pull.number}`;
}

function refuseReview(pull: Pull, review: Pull['reviews'][number]): void {
  if (pull.status !== 'open') throw new ReviewRefused(pull.number, 'closed', `it is ${pull.status}`);
  if (review.by === pull.author) throw new ReviewRefused(pull.number, 'author', `${review.by} wrote it`);
  if (review.role === pull.authorRole) {
    throw new ReviewRefused(pull.number, 'role', `${review.role} is the role of its author`);
  }
  if (review.head !== pull.head) {
    throw new ReviewRefused(pull.number, 'head', `its head is ${short(pull.head)}, not ${short(review.head)}`);
  }
}

/** Throws MergeRefused unless this head was checked and approved. Gives the commit of the default branch it was checked on. */
function refuseMerge(pull: Pull): string | undefined {
  if (pull.status === 'closed') throw new MergeRefused(pull.number, 'closed', 'it is closed');
  const check = pull.checks.findLast(({ head }) => head === pull.head);
  if (!check?.ok) {
    throw new MergeRefused(
      pull.number,
      'unchecked',
      check ? `its checks failed: ${check.summary}` : 'its head was not checked',
    );
  }
  const verdicts = pull.reviews.filter(
    ({ head, by, role }) => head === pull.head && by !== pull.author && role !== pull.authorRole,
  );
  if (verdicts.some(({ verdict }) => verdict === 'reject')) {
    throw new MergeRefused(pull.number, 'unreviewed', 'a reviewer rejected this head');
  }
  if (verdicts.length === 0) throw new MergeRefused(pull.number, 'unreviewed', 'nobody has approved this head');
  return check.onto;
}

/** What is green on one commit may be red on the next: nobody has checked this merge. */
function stale({ number }: Pull, checkedOn: string | undefined, onto: string): MergeRefused {
  const where = checkedOn === undefined ? 'another main' : `main at ${short(checkedOn)}`;
  return new MergeRefused(number, 'unchecked', `it was checked on ${where}, and main is at ${short(onto)} now`);
}

async function supersede(pulls: Pulls, opened: Pull): Promise<void> {
  for (const older of await pulls.all()) {
    const same = older.product === opened.product && older.branch === opened.branch;
    if (!same || older.number >= opened.number || older.status !== 'open') continue;
    await pulls.change(older.number, closing);
  }
}

function closing(pull: Pull) {
  if (pull.status !== 'open') return undefined;
  return { type: 'pull.closed', what: 'closed', pull: { ...pull, status: 'closed' } } as const;
}

/**
 * The local forge.
 * A new head on a branch is a new pull request; the older open one of that branch is closed.
 */
export function openLocalForge({ bus, products }: { readonly bus: Bus; readonly products: LocalProducts }): Forge {
  const pulls = openPulls(bus);
  const { repos } = products;

  function recordMerge(number: number, merged: string): Promise<Pull> {
    return pulls.change(number, (pull) =>
      pull.status === 'merged'
        ? undefined
        : { type: 'pull.merged', what: 'merged', pull: { ...pull, status: 'merged', merged } },
    );
  }

  /** Makes the squash on the commit of the default branch on which it was checked, if that is still its head. */
  async function squash(pull: Pull, checkedOn: string | undefined, info: MergeInfo): Promise<string> {
    const onto = await products.head(pull.product);
    // Looked up after the head is read: another process that merges it meanwhile moves the head, and landing fails.
    const done = await repos.findMerge(pull.product, pull.base, pull.number);
    if (done !== undefined) return done;
    const merge = await repos.merge(pull.product, onto, pull.head);
    if (!merge.ok) throw new MergeRefused(pull.number, 'conflict', `it conflicts in ${merge.paths.join(', ')}`);
    if (onto !== checkedOn) throw stale(pull, checkedOn, onto);
    const identity = { author: pull.author, at: info.at };
    const documents = (await info.documents?.({ onto, tree: merge.tree })) ?? [];
    const tree = documents.length === 0 ? merge.tree : await repos.write(pull.product, merge.tree, documents);
    const merged = await repos.land(pull.product, onto, tree, messageOf(pull, info), identity);
    if (merged === undefined) throw stale(pull, checkedOn, await products.head(pull.product));
    return merged;
  }

  /** The result of the product's tests on the merge; a conflict is a failed check. */
  async function tested(pull: Pull, argv: readonly string[], signal: AbortSignal) {
    const onto = await products.head(pull.product);
    const merge = await repos.merge(pull.product, onto, pull.head);
    if (!merge.ok)
      return { head: pull.head, onto, ok: false, summary: `it conflicts with main in ${merge.paths.join(', ')}` };
    const { ok, summary } = await repos.testTree(pull.product, merge.tree, argv, signal);
    return { head: pull.head, onto, ok, summary };
  }

  async function current(number: number): Promise<Pull> {
    const pull = await pulls.get(number);
    if (!pull) throw new NoPull(number);
    return pull;
  }

  return {
    get: (number) => pulls.get(number),
    async open({ clone, head, title, task, author, authorRole }) {
      const branch = checkBranch(clone.branch);
      const wanted = checkCommit(head);
      const same = (pull: Pull) => pull.product === clone.product && pull.branch === branch && pull.head === wanted;
      // Looked up before the clone is needed: after a crash it may be gone while the pull request is there.
      const known = (await pulls.all()).find(same);
      if (known) return known;
      const taken = await repos.take(clone);
      if (taken !== wanted) throw new HeadMoved(branch, wanted, taken);
      const opened = await pulls.create(
        (all) => all.find(same),
        (number) => ({
          number,
          product: clone.product,
          title: oneLine(title),
          author,
          authorRole,
          task,
          branch,
          base: clone.base,
          head: wanted,
          status: 'open',
          checks: [],
          reviews: [],
        }),
      );
      await supersede(pulls, opened);
      return opened;
    },
    async check(asked, argv, signal) {
      const pull = await current(asked.number);
      if (pull.status !== 'open') return pull;
      const check = await tested(pull, argv, signal);
      return pulls.change(pull.number, (now) =>
        now.status === 'open'
          ? {
              type: 'pull.checked',
              what: `checked.${now.checks.length + 1}`,
              pull: { ...now, checks: [...now.checks, check] },
            }
          : undefined,
      );
    },
    review: (asked, review) =>
      pulls.change(asked.number, (pull) => {
        const said = pull.reviews.some(({ by, head }) => by === review.by && head === review.head);
        if (said) return undefined;
        refuseReview(pull, review);
        const what = `reviewed.${short(review.head)}.${review.by}`;
        return { type: 'pull.reviewed', what, pull: { ...pull, reviews: [...pull.reviews, review] } };
      }),
    async merge(asked, info) {
      const pull = await current(asked.number);
      if (pull.status === 'merged') return pull;
      if (asked.head !== pull.head) throw new MergeRefused(pull.number, 'moved', `its head is ${short(pull.head)} now`);
      const done = await repos.findMerge(pull.product, pull.base, pull.number);
      if (done !== undefined) return recordMerge(pull.number, done);
      if ((await repos.branchHead(pull.product, pull.branch)) !== pull.head) {
        throw new MergeRefused(pull.number, 'moved', `its branch is not at ${short(pull.head)} any more`);
      }
      const checkedOn = refuseMerge(pull);
      return recordMerge(pull.number, await squash(pull, checkedOn, info));
    },
    close: (asked) => pulls.change(asked.number, closing),
  };
}
