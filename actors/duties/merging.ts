// From pull request to product: the forge checks it, another role reviews it, the host merges it. Nobody merges their own.

import type { Evidence, Pull } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Org } from '../../org/org.ts';
import { MergeRefused } from '../../tools/forge/refusals.ts';
import type { TestRun, Validation } from '../../tools/tools.ts';
import { mergeCard } from '../cards.ts';
import { documentsOf, type Stated, tellDecision } from '../documents.ts';
import type { TaskWork, Verdict } from '../duty.ts';
import { permission } from '../permission.ts';
import { failed, productFor, recorded, short, using } from './failing.ts';

/** The pull request as this attempt recorded it. */
export type Pulled = {
  readonly number: number;
  readonly head: string;
  /** What its author stated of the work; absent in records of older versions. */
  readonly stated?: Stated;
};

const nothing: Stated = { decisions: [], risks: [], manualSteps: [] };

type Review = Pull['reviews'][number];

/**
 * Who reviews the work of a role: a colleague under the same boss before anybody else, in the order of the org chart.
 * Undefined when nobody but the author's own role, or who has reviewed it already, can.
 * @param done roles that have reviewed it
 */
export function reviewerFor(org: Org, authorRole: string, done: readonly string[] = []): string | undefined {
  const boss = org.roles.find((role) => role.name === authorRole)?.boss;
  const able = org.roles.filter(
    ({ name, duties }) => duties.includes('review') && name !== authorRole && !done.includes(name),
  );
  return (able.find((role) => role.boss === boss) ?? able[0])?.name;
}

async function openPull(work: TaskWork, number: number): Promise<Pull> {
  const pull = await using(() => work.tools.forge.get(number));
  if (!pull) throw failed('environment', `the forge does not know pull ${number}`);
  return pull;
}

/** Checks it on the default branch as it is now. Throws WorkFailure (`quality`) when that fails. */
async function green(work: TaskWork, pull: Pull): Promise<Pull> {
  const checked = await work.tools.forge.check(pull, productFor(work, pull.product).test, work.signal);
  const last = checked.checks.at(-1);
  if (!last?.ok) throw failed('quality', `checks of pull ${pull.number}: ${last?.summary ?? 'they did not run'}`);
  return checked;
}

/** Asks the next reviewer; undefined when nobody is left to ask and somebody has approved: one approval must do then. */
async function askReview(work: TaskWork, pull: Pull, approvals: readonly Review[]): Promise<Verdict | undefined> {
  const done = approvals.map(({ role }) => role);
  const reviewer = reviewerFor(work.org, pull.authorRole, done);
  if (reviewer === undefined && approvals.length > 0) return undefined;
  if (reviewer === undefined) throw failed('permanent', `nobody but ${pull.authorRole} can review pull ${pull.number}`);
  await work.publish<'review.requested'>(subjects.tasksFor(reviewer), {
    // The second of two asks is a request of its own.
    id: `pull.${pull.number}.review.${short(pull.head)}${approvals.length === 0 ? '' : `.${approvals.length + 1}`}`,
    type: 'review.requested',
    data: { pull: pull.number, task: work.task.id, head: pull.head },
  });
  return { awaiting: `waits for review of pull ${pull.number} by ${reviewer}` };
}

/** How often a merge is tried whose default branch moves meanwhile. */
const TRIES = 5;

/** Merges what was checked on the default branch as it is now: whenever that has moved since, it is checked again first. */
async function merge(work: TaskWork, pull: Pull, stated: Stated, review: Review): Promise<string> {
  const { task, tools, turn } = work;
  const message = `${task.id}: ${task.title}\n\nReviewed-by: ${review.by}`;
  const at = turn.now();
  const info = { message, author: pull.author, at, documents: documentsOf(work, pull, stated, at) };
  for (let tries = 1; ; tries += 1) {
    const met = await tools.forge.merge(pull, info).catch(unchecked);
    if (!(met instanceof MergeRefused)) {
      if (met.merged === undefined) throw failed('environment', `pull ${pull.number} has no merge commit`);
      return met.merged;
    }
    // Others are at work, and it says nothing about this: it waits.
    if (tries === TRIES) throw failed('environment', met.message);
    await green(work, pull);
  }
}

function unchecked(error: unknown): MergeRefused {
  if (error instanceof MergeRefused && error.reason === 'unchecked') return error;
  throw error;
}

/** Evidence for a pull request: what this attempt's steps established, the review and the merge. */
export async function verifyPull(work: TaskWork): Promise<Verdict> {
  const { number, head, stated = nothing } = await recorded<Pulled>(work, 'pull');
  const checks = await work.step('check', () =>
    using(async () => {
      const asked = await openPull(work, number);
      const { checks: all } = await green(work, asked);
      return { summary: all.at(-1)?.summary ?? 'passed' };
    }),
  );
  const pull = await openPull(work, number);
  const reviews = pull.reviews.filter((one) => one.head === head);
  const rejected = reviews.find(({ verdict }) => verdict === 'reject');
  if (rejected) {
    throw failed(
      'quality',
      `${rejected.by} rejected pull ${number}: ${rejected.notes.join('; ') || 'no reason given'}`,
    );
  }
  const asked = reviews.length < work.standing.reviews ? await askReview(work, pull, reviews) : undefined;
  const review = reviews.at(-1);
  if (asked || !review) return asked ?? { awaiting: `waits for review of pull ${number}` };
  const wish = { tool: 'merge', summary: `pull ${number} of ${pull.product} at ${short(head)}` };
  const product = productFor(work, pull.product);
  const awaiting = await permission(work, wish, short(head), product, () =>
    using(() => mergeCard(work, pull, { checks: checks.summary, reviews })),
  );
  if (awaiting !== undefined) return { awaiting };
  const merged = await work.step('merge', () => using(() => merge(work, pull, stated, review)));
  work.note({ pull: number, merged });
  await using(() => tellDecision(work, pull, stated, merged));
  await work.publish<'brain.feature'>(subjects.brain('feature'), {
    id: `feature.${work.task.id}`,
    type: 'brain.feature',
    data: { task: work.task.id, title: work.task.title, commit: merged },
  });
  return { evidence: await evidenceOf(work, { head, checks: checks.summary, review, merged }) };
}

async function evidenceOf(
  work: TaskWork,
  found: { readonly head: string; readonly checks: string; readonly review: Review; readonly merged: string },
): Promise<readonly Evidence[]> {
  const { head: commit, review } = found;
  const { unchecked } = await recorded<Validation>(work, 'validate');
  const tests = await recorded<TestRun>(work, 'test');
  const skipped = unchecked.map(({ path, why }) => `${path}: ${why}`).join('; ');
  const of = (check: Evidence['check'], detail: string, by = 'harness'): Evidence => ({
    check,
    ok: true,
    commit,
    by,
    detail,
  });
  return [
    of(
      'syntax',
      skipped === '' ? 'every file parses' : `every file that could be checked parses; not checked: ${skipped}`,
    ),
    of('tests', tests.summary),
    of('checks', found.checks),
    of('review', review.notes.join('; ') || 'approved', review.by),
    of('merge', `merged as ${short(found.merged)}`),
  ];
}
