// What the stream shows of a task that is about to end: the deed that its score is made of. Read from recorded steps, pull
// requests and failures; nothing of it is what the worker said of its own work.

import type { Bus } from '../bus/bus.ts';
import { isDocument } from '../bus/documents.ts';
import { isTaskMessage } from '../bus/messages.ts';
import type { Pull, Step, Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { climbing } from '../machines/policy.ts';
import type { Deed, Judgement, Run, Shown, Suite } from '../machines/score.ts';
import type { TestRun, Validation } from '../tools/tools.ts';
import type { Board } from './board.ts';
import type { LintRun } from './duties/linting.ts';
import type { Ports } from './ports.ts';

/** An approval with notes counts this much less for each of them, and never less than the second. */
const NOTE = 0.1;
const APPROVED = 0.5;

/** The recorded results of one step, over all attempts, oldest first. */
function resultsOf<T>(task: Task, steps: readonly Step[], name: string): { readonly id: string; readonly result: T }[] {
  return steps
    .filter((step) => step.name.replace(/^a\d+\./, '') === name && step.result !== null)
    .map((step) => ({ id: `task.${task.id}.${step.name}`, result: step.result as T }));
}

/** A failed attempt, and what kind of failure it was. */
type FailedAttempt = Shown & { readonly kind: string };

/** The failures of a task that say something about the work, each with the message that recorded it. */
export async function failuresOf(bus: Bus, id: string): Promise<FailedAttempt[]> {
  const found: FailedAttempt[] = [];
  let seen = 0;
  for await (const { message } of bus.replay({ filter: subjects.task(id) })) {
    if (!isTaskMessage(message)) continue;
    const { failures } = message.data.task;
    for (const { kind, reason } of failures.slice(seen)) {
      if (climbing.includes(kind)) found.push({ id: message.id, what: `${kind}: ${reason}`, kind });
    }
    seen = failures.length;
  }
  return found;
}

/** The tasks above a task and below it, without itself: those that draw on its lineage in its own line. */
function lineOf(task: Task, board: Board): Task[] {
  const found: Task[] = [];
  for (let above = board.task(task.parent ?? ''); above; above = board.task(above.parent ?? '')) found.push(above);
  const below = [...task.children];
  for (let id = below.pop(); id !== undefined; id = below.pop()) {
    const part = board.task(id);
    if (part) found.push(part);
    below.push(...(part?.children ?? []));
  }
  return found;
}

async function failedIn(ports: Pick<Ports, 'bus' | 'board'>, tasks: readonly Task[]): Promise<FailedAttempt[]> {
  const failed = tasks.filter(({ failures }) => failures.length > 0);
  return (await Promise.all(failed.map(({ id }) => failuresOf(ports.bus, id)))).flat();
}

const countIn = (summary: string): number | undefined => {
  const [, passed] = /^(\d+) passed/.exec(summary) ?? [];
  return passed === undefined ? undefined : Number(passed);
};

/** What the last check of a pull request said of the whole suite. */
function suiteOf(pull: Pull): Suite | undefined {
  const check = pull.checks.at(-1);
  if (check === undefined) return undefined;
  const id = `pull.${pull.number}.checked.${pull.checks.length}`;
  return { id, what: check.summary, ok: check.ok, passed: countIn(check.summary) };
}

function reviewed(pull: Pull): Judgement[] {
  return pull.reviews.map(({ by, head, verdict, notes }) => ({
    id: `pull.${pull.number}.reviewed.${head.slice(0, 7)}.${by}`,
    what: `${by}: ${notes.join('; ') || verdict}`,
    value: verdict === 'reject' ? 0 : Math.max(APPROVED, 1 - NOTE * notes.length),
  }));
}

function checksOf(pull: Pull): Run[] {
  return pull.checks.map(({ ok, summary }, index) => ({
    id: `pull.${pull.number}.checked.${index + 1}`,
    what: summary,
    ok,
  }));
}

/** What judged how it is made, besides reviews. */
function judgedOf(task: Task, steps: readonly Step[], failed: readonly FailedAttempt[], ended: string): Judgement[] {
  const syntax = resultsOf<Validation>(task, steps, 'validate').map(({ id, result }) => ({
    id,
    what: `syntax: ${result.findings.length} ${result.findings.length === 1 ? 'finding' : 'findings'}`,
    value: result.findings.length === 0 ? 1 : 0,
  }));
  const broken = failed.filter(({ kind }) => kind === 'contract').map(({ id, what }) => ({ id, what, value: 0 }));
  const given = task.evidence
    .filter(({ check }) => check === 'answer' || check === 'children')
    .map(({ ok, detail }) => ({ id: ended, what: detail, value: ok ? 1 : 0 }));
  return [...syntax, ...broken, ...given];
}

/** The pull request whose merge a commit is, but for documents that the harness committed since; undefined for others. */
async function mergedAt(
  { board, tools }: Pick<Ports, 'board' | 'tools'>,
  product: string,
  commit: string,
): Promise<Pull | undefined> {
  const pulls = new Map([...board.state.pulls.values()].map((pull) => [pull.merged, pull]));
  if (pulls.has(commit)) return pulls.get(commit);
  const line = (await tools.products.log(product)).map(({ sha }) => sha);
  for (const sha of line.slice(Math.max(0, line.indexOf(commit)))) {
    if (pulls.has(sha)) return pulls.get(sha);
    if (!(await tools.products.changed(product, sha)).every(({ path }) => isDocument(path))) return undefined;
  }
  return undefined;
}

/**
 * Everything that a task's score is made of.
 * @param steps recorded for it, of all attempts
 */
export async function deedOf(
  ports: Pick<Ports, 'bus' | 'board' | 'tools'>,
  task: Task,
  steps: readonly Step[],
): Promise<Deed> {
  const { board, tools } = ports;
  const numbers = [...new Set(resultsOf<{ number: number }>(task, steps, 'pull').map(({ result }) => result.number))];
  const pulls = (await Promise.all(numbers.map((number) => tools.forge.get(number)))).filter(
    (pull) => pull !== undefined,
  );
  const own = await failedIn(ports, [task]);
  const ended = { id: `task.${task.id}.completed`, what: 'done' };
  const merged = pulls.find(({ status }) => status === 'merged');
  const onto = merged?.checks.at(-1)?.onto;
  const before = merged && onto !== undefined ? await mergedAt(ports, merged.product, onto) : undefined;
  const after = merged && suiteOf(merged);
  const tested = resultsOf<TestRun & { readonly lint?: LintRun }>(task, steps, 'test');
  const tests = tested.map(({ id, result }) => ({ id, what: result.summary, ok: result.ok }));
  const linted = tested.flatMap(({ id, result: { lint } }) => (lint === undefined ? [] : [{ id, lint }]));
  const lastLint = linted.at(-1)?.lint;
  return {
    runs: [...tests, ...pulls.flatMap(checksOf)],
    estimateMs: task.estimateMs,
    workingMs: task.spent.workingMs,
    suite: after && { before: before && suiteOf(before), after },
    kept: task.evidence
      .filter(({ check }) => check === 'deployment' || check === 'health')
      .map(({ ok, detail }) => ({ id: ended.id, what: detail, ok })),
    judgements: [
      ...judgedOf(task, steps, own, ended.id),
      ...linted.flatMap(({ id, lint }) =>
        lint.ran ? [{ id, what: `linter: ${lint.summary}`, value: lint.ok ? 1 : 0 }] : [],
      ),
      ...pulls.flatMap(reviewed),
    ],
    unjudged: lastLint?.ran === false ? [`no linter: ${lastLint.why}`] : [],
    failed: [...own, ...(await failedIn(ports, lineOf(task, board)))],
    ended,
  };
}
