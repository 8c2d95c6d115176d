// Filing tasks: a plan becomes tasks on the stream, each created once, and those without inputs are assigned.
//
// Invariants:
//   F1. The numbers are recorded before the first task is published, so a second run publishes the same tasks. Those of a plan
//       that a model makes are recorded with the plan.
//   F2. A task is created on an empty subject (expected last sequence 0); a number that somebody else took is replaced.
//   F3. A natural key makes one task for ever: what exists is adopted.
//   F4. Nothing is assigned before all tasks of the plan exist and name each other correctly.

import type { Bus } from '../bus/bus.ts';
import { ForeignMessage, StaleWrite } from '../bus/errors.ts';
import type { PlannedTask, Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import type { Board } from './board.ts';
import { type JobWork, type Work, WorkFailure } from './duty.ts';
import { type Filing, keyOf, type Numbers, refusePlan, renamed, taskRecords } from './plan.ts';
import { assign, lastOfTask, releaseTask, taskIn, taskNow } from './release.ts';

/** How often numbers may be taken by others before giving up for now. */
const ROUNDS = 20;

/** What ids of this kind start with: `T` of `T7`, `T3-` of `T3-2`. */
function stemOf(parent: string | undefined): string {
  return parent === undefined ? 'T' : `${parent}-`;
}

/** Gives ids for a board that is known to lag behind the stream: the first one is looked up, those above it are trusted. */
function freeIds({ bus, board }: Pick<Work, 'bus' | 'board'>, stem: string) {
  const next = () => `${stem}${board.nextNumber(stem)}`;
  let found = false;
  return async (): Promise<string> => {
    let id = next();
    while (!found && (await isTaken(bus, id))) id = next();
    found = true;
    return id;
  };
}

/** A number is taken also by a task that this version cannot read. */
async function isTaken(bus: Bus, id: string): Promise<boolean> {
  try {
    return (await bus.last(subjects.task(id))) !== undefined;
  } catch (error) {
    if (error instanceof ForeignMessage) return true;
    throw error;
  }
}

/**
 * Numbers planned tasks: T<n>, or <parent>-<n> for parts. A natural key that exists keeps its id. The board may lag behind the
 * stream: creating a task finds out.
 */
export function numbersFor(
  { board, turn }: Pick<Work, 'board' | 'turn'>,
  planned: readonly PlannedTask[],
  filing: Filing,
): Numbers {
  const stem = stemOf(filing.parent?.id);
  const ids = planned.map((one) => [
    one.key,
    board.byKey(keyOf(filing, one))?.id ?? `${stem}${board.nextNumber(stem)}`,
  ]);
  return { ids: Object.fromEntries(ids), now: turn.now() };
}

/**
 * Files a plan. Called again after a crash, it completes what it began.
 * @param numbers as they were recorded with the plan; unless told, they are given and recorded here
 * Returns the tasks in the order of the plan, as they were created.
 * Throws WorkFailure (`contract`) for a plan that cannot be filed.
 */
export async function fileTasks(
  work: Work,
  planned: readonly PlannedTask[],
  filing: Filing,
  numbers?: Numbers,
): Promise<readonly Task[]> {
  const problem = refusePlan({ tasks: planned }, work.org);
  if (problem !== undefined) throw new WorkFailure({ kind: 'contract', reason: problem });
  const { ids, now } = numbers ?? (await work.step('numbers', async () => numbersFor(work, planned, filing)));
  let tasks = taskRecords(planned, { ...filing, taint: work.taint }, { ids, org: work.org, now });
  for (let round = 2; round <= ROUNDS; round += 1) {
    const { created, wrong } = await createAll(work, tasks);
    if (wrong === undefined) {
      if (round > 2) await mend(work, tasks);
      await assignAll(work, created, round > 2);
      return tasks;
    }
    const done = created.map(({ task }) => task.id);
    const before = tasks;
    const names = await work.step(`numbers-${round}`, () => newNames(work, before, done, wrong));
    tasks = renamed(tasks, names);
  }
  throw new WorkFailure({ kind: 'dependency', reason: 'others keep taking the numbers of the tasks to file' });
}

/** New ids for the task whose id was wrong, and for those that come after it and do not exist yet. */
async function newNames(
  work: Work,
  tasks: readonly Task[],
  done: readonly string[],
  wrong: { readonly id: string; readonly is: string | undefined },
): Promise<Record<string, string>> {
  const free = freeIds(work, stemOf(tasks[0]?.parent));
  const names: Record<string, string> = wrong.is === undefined ? {} : { [wrong.id]: wrong.is };
  for (const task of tasks) {
    const exists = done.includes(task.id) || work.board.byKey(task.key)?.id === task.id;
    if (!exists && names[task.id] === undefined) names[task.id] = await free();
  }
  return names;
}

/** `seq` is its first message when this call made it; undefined when it existed. */
type Created = { readonly task: Task; readonly seq: number | undefined };

/** Creates tasks, all on their way at once; `wrong` is the first whose id is taken, or which exists under another id. */
async function createAll(
  work: Work,
  tasks: readonly Task[],
): Promise<{ readonly created: readonly Created[]; readonly wrong?: { id: string; is: string | undefined } }> {
  const made = await Promise.all(tasks.map((task) => create(work, task)));
  const created = made.filter((one, index): one is Created => one !== undefined && one.task.id === tasks[index]?.id);
  const wrong = tasks.findIndex((task, index) => made[index]?.task.id !== task.id);
  const first = tasks[wrong];
  return first ? { created, wrong: { id: first.id, is: made[wrong]?.task.id } } : { created };
}

/** Undefined when the id belongs to a task with another key. */
async function create(work: Work, task: Task): Promise<Created | undefined> {
  const { bus, board, agent } = work;
  const known = board.byKey(task.key);
  if (known) return { task: known, seq: undefined };
  const draft = {
    id: `task.${task.key}.created`,
    type: 'task.created' as const,
    source: agent,
    data: { task },
    correlationid: task.lineage,
    causationid: 'message' in work ? (work as JobWork).message.id : undefined,
  };
  try {
    const { seq, duplicate } = await bus.publish<'task.created'>(subjects.task(task.id), draft, { expectedLastSeq: 0 });
    if (!duplicate) return { task, seq };
    const earlier = await taskAt(bus, seq);
    return earlier && { task: earlier, seq: undefined };
  } catch (error) {
    if (!(error instanceof StaleWrite)) throw error;
    const holder = await taskNow(bus, task.id);
    return holder?.key === task.key ? { task: holder, seq: undefined } : undefined;
  }
}

async function taskAt(bus: Bus, seq: number): Promise<Task | undefined> {
  for await (const stored of bus.replay({ filter: 'task.*', fromSeq: seq, untilSeq: seq })) return taskIn(stored);
  return undefined;
}

/** After numbers changed on the way: tasks created before name the others by their old ids. */
async function mend(work: Work, tasks: readonly Task[]): Promise<void> {
  for (const { id, dependsOn, dependents, reason } of tasks) {
    const last = await lastOfTask(work.bus, id);
    const task = taskIn(last);
    if (!last || !task || last.message.type !== 'task.created') continue;
    if (String([dependsOn, '', dependents]) === String([task.dependsOn, '', task.dependents])) continue;
    const mended = { ...task, dependsOn, dependents, reason };
    const draft = {
      id: `task.${task.key}.created.${last.seq}`,
      type: 'task.created' as const,
      source: work.agent,
      data: { task: mended, note: 'other tasks of its plan got new numbers' },
      correlationid: task.lineage,
    };
    await work.bus.publish<'task.created'>(subjects.task(id), draft, { expectedLastSeq: last.seq });
  }
}

async function assignAll(work: Work, created: readonly Created[], mended: boolean): Promise<void> {
  const { bus } = work;
  const by = { source: work.agent, why: 'new' } as const;
  await Promise.all(
    created.map(async ({ task, seq }) => {
      const isNew = seq !== undefined && !mended;
      if (isNew && (task.dependsOn.length > 0 || (await assign(bus, task, seq, by)))) return;
      await releaseTask(bus, task.id, by);
    }),
  );
}

/** The tasks on the board whose natural key starts with this prefix. */
export function filedUnder(board: Board, prefix: string): readonly Task[] {
  return board.tasks().filter((task) => task.key.startsWith(`${prefix}.`));
}
