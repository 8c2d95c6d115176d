// What the harness writes beside a merge: the product's digest, and the record of a change of its architecture. Both go into
// the merge commit itself, so that after any crash they are there exactly when it is. The decision is told on the stream
// too, read back from that commit.

import type { Section } from '../brain/brief.ts';
import { digestForBrief, digestOf, type MergedWork } from '../brain/memory/codebase.ts';
import { decisionLine, recordIn, recordOf, recordPath, type Touch, touched } from '../brain/memory/decisions.ts';
import { plain } from '../brain/memory/plain.ts';
import { type Changed, DIGEST, type Document, hasRoom, isDocument } from '../bus/documents.ts';
import type { Decision } from '../bus/learned.ts';
import type { Pull, WorkReport } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { climbing } from '../machines/policy.ts';
import type { MergeInfo } from '../tools/tools.ts';
import type { Board } from './board.ts';
import { productFor } from './duties/failing.ts';
import type { TaskWork, Work } from './duty.ts';

/** What the author stated of merged work: claims, told as such. */
export type Stated = Pick<WorkReport, 'decisions' | 'risks' | 'manualSteps'>;

/** Bytes of the digest that a brief tells, and of the decisions. */
const DIGEST_BUDGET = 3_000;
const DECISIONS_BUDGET = 2_000;
/** Decisions that a brief tells, the newest. */
const TOLD = 10;

const bullets = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join('\n');

/** Words of a task that read something from outside may be a stranger's; the harness repeats none of them in its own name. */
const isClean = ({ taint = [] }: TaskWork['task']) => taint.length === 0;

/** What the digest says of the work in hand. */
function mergedWork(
  { task }: TaskWork,
  pull: Pull,
  stated: Stated,
  changed: readonly Changed[],
  at: number,
): MergedWork {
  const paths = changed.map(({ path }) => path).filter((path) => !isDocument(path));
  const about = { task: task.id, agent: pull.author, at, paths };
  if (!isClean(task)) {
    return { ...about, title: 'work on something read from outside', decisions: [], gotchas: [] };
  }
  const failed = task.failures.filter(({ kind }) => climbing.includes(kind)).slice(-2);
  return {
    ...about,
    title: task.title,
    decisions: stated.decisions,
    gotchas: [
      ...stated.risks.slice(0, 2),
      ...stated.manualSteps.slice(0, 1).map((step) => `By hand: ${step}`),
      ...failed.map(({ reason }) => `An earlier attempt failed: ${reason}`),
    ],
  };
}

/** The decision in a change that touches the architecture. */
function decisionIn(
  { task, board }: TaskWork,
  pull: Pull,
  stated: Stated,
  touches: readonly Touch[],
  at: number,
): Omit<Decision, 'commit' | 'file'> {
  const what = `Touches ${touches.map(({ path, what }) => `${path} (${what})`).join(', ')}.`;
  const place = { task: task.id, product: pull.product, paths: touches.map(({ path }) => path), pull: pull.number, at };
  if (!isClean(task)) {
    const context = 'The work read something from outside, so its words are not repeated here.';
    return { ...place, title: `Change by ${task.id}`, context, decision: what, consequences: 'See the change itself.' };
  }
  const directive = task.directive === undefined ? undefined : board.state.directives.get(task.directive);
  const decided = stated.decisions.slice(0, 10).map((one) => plain(one, 400));
  const after = [...stated.risks, ...stated.manualSteps.map((step) => `By hand: ${step}`)].slice(0, 10);
  return {
    ...place,
    title: plain(task.title, 120),
    context: [
      plain(task.description || task.title, 800),
      ...(directive ? [`For: ${plain(directive.directive, 300)}`] : []),
    ].join('\n\n'),
    decision: decided.length > 0 ? bullets(decided) : `${plain(task.summary ?? task.title, 800)}\n\n${what}`,
    consequences: after.length > 0 ? bullets(after.map((one) => plain(one, 400))) : 'None was stated.',
  };
}

/**
 * What goes into the merge commit of the work in hand.
 * @param at when it is merged, epoch ms
 */
export function documentsOf(
  work: TaskWork,
  pull: Pull,
  stated: Stated,
  at: number,
): NonNullable<MergeInfo['documents']> {
  const { products } = work.tools;
  const slug = pull.product;
  return async ({ onto, tree }) => {
    const changed = await products.changed(slug, tree, onto);
    const paths = [...(await products.list(slug, tree))];
    const documents: Document[] = [];
    const touches = touched(work.task.title, changed, paths);
    if (touches.length > 0) {
      const decision = decisionIn(work, pull, stated, touches, at);
      const path = recordPath(decision.title, paths);
      if (hasRoom(paths, path)) {
        documents.push({ path, content: recordOf(path, decision, pull.author, touches) });
        paths.push(path);
      }
    }
    if (hasRoom(paths, DIGEST)) {
      const before = await products.read(slug, onto, DIGEST);
      const now = mergedWork(work, pull, stated, changed, at);
      documents.push({ path: DIGEST, content: digestOf(before, productFor(work, slug), paths.toSorted(), now) });
    }
    return documents;
  };
}

/** Tells the decision in a merge, if there is one, on the stream. Repeatable: all of it is read from the commit. */
export async function tellDecision(work: TaskWork, pull: Pull, stated: Stated, merged: string): Promise<void> {
  const { products } = work.tools;
  const changed = await products.changed(pull.product, merged);
  const touches = touched(work.task.title, changed, await products.list(pull.product, merged));
  if (touches.length === 0) return;
  const file = recordIn(changed);
  const decision = { ...decisionIn(work, pull, stated, touches, work.turn.now()), commit: merged };
  await work.publish<'decision.recorded'>(subjects.decision(work.task.id), {
    id: `decision.${work.task.id}`,
    type: 'decision.recorded',
    data: { ...decision, ...(file !== undefined && { file }) },
  });
}

/** What a planner is told of a product that something was merged into: its digest as it is now, and its decisions. */
export async function productMemory(work: Work, slug: string | undefined): Promise<Section[]> {
  const merged = [...work.board.state.pulls.values()].some((pull) => pull.product === slug && pull.status === 'merged');
  if (slug === undefined || !merged) return [];
  const head = await work.tools.products.head(slug);
  return [...(await digestSection(work, slug, head)), ...decisionsSection(work.board, work.org, slug)];
}

/** The digest of a product as a brief tells it, unless org.yaml leaves it out. */
export async function digestSection(
  work: Pick<Work, 'org' | 'tools'>,
  slug: string,
  commit: string,
): Promise<Section[]> {
  if (!work.org.memory.use.includes('digest')) return [];
  const text = digestForBrief(await work.tools.products.read(slug, commit, DIGEST));
  return [{ name: 'The codebase', text, budget: DIGEST_BUDGET }];
}

/** Decisions about a product as a brief tells them, newest first, unless org.yaml leaves them out. */
export function decisionsSection(
  { learned }: Pick<Board, 'learned'>,
  { memory }: Work['org'],
  slug: string | undefined,
): Section[] {
  if (!memory.use.includes('decisions')) return [];
  const decisions = [...learned.decisions.values()].map(({ is }) => is).filter(({ product }) => product === slug);
  const text = bullets(decisions.slice(-TOLD).toReversed().map(decisionLine));
  return [{ name: 'Decisions', text, budget: DECISIONS_BUDGET }];
}
