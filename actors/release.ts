// Giving tasks out and taking them back: what is ready goes to its role's mailbox; what is abandoned takes along what cannot
// go on without it. Every write says which sequence it has seen, so two that do the same thing do it once.

import type { Bus, Stored } from '../bus/bus.ts';
import { ForeignMessage, StaleWrite } from '../bus/errors.ts';
import { type DataOf, type Draft, isTaskMessage } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { publishOnce } from './once.ts';

/** Who gives work, and why. */
export type By = { readonly source: string; readonly why: DataOf<'assignment.given'>['why'] };

/** Tries against others who write the same task. */
const TRIES = 5;

/** The task a message carries. */
export function taskIn(stored: Stored | undefined): Task | undefined {
  return stored && isTaskMessage(stored.message) ? stored.message.data.task : undefined;
}

/** The last message of a task; undefined when there is none, or when this version cannot read it (quarantine.ts). */
export async function lastOfTask(bus: Bus, id: string): Promise<Stored | undefined> {
  try {
    return await bus.last(subjects.task(id));
  } catch (error) {
    if (error instanceof ForeignMessage) return undefined;
    throw error;
  }
}

/** A task as it now is, as far as this version can read it. */
export async function taskNow(bus: Bus, id: string): Promise<Task | undefined> {
  return taskIn(await lastOfTask(bus, id));
}

/** Puts an assignment into the mailbox of a task's role. The tag makes it unique within the task. */
export async function giveTo(
  bus: Bus,
  task: Pick<Task, 'id' | 'role' | 'lineage'>,
  tag: string,
  by: By,
): Promise<void> {
  await bus.publish<'assignment.given'>(subjects.tasksFor(task.role), assignment(task, tag, by));
}

function assignment(task: Pick<Task, 'id' | 'lineage'>, tag: string, { source, why }: By): Draft<'assignment.given'> {
  return {
    id: `task.${task.id}.${tag}`,
    type: 'assignment.given',
    source,
    data: { task: task.id, why },
    correlationid: task.lineage,
  };
}

/**
 * Assigns a task whose inputs are done: first its state, then the message in its role's mailbox.
 * @param seq the last sequence seen on its subject
 * Returns false when somebody else wrote the task meanwhile.
 */
export async function assign(bus: Bus, task: Task, seq: number, by: By): Promise<boolean> {
  const state = {
    id: `task.${task.id}.assigned.state`,
    type: 'task.assigned' as const,
    source: by.source,
    data: { task: { ...task, status: 'ready' as const, reason: undefined } },
    correlationid: task.lineage,
  };
  try {
    await bus.publish<'task.assigned'>(subjects.task(task.id), state, { expectedLastSeq: seq });
  } catch (error) {
    if (error instanceof StaleWrite) return false;
    throw error;
  }
  await giveTo(bus, task, 'assigned', by);
  return true;
}

/**
 * Assigns a task when all its inputs are done; does nothing otherwise, or when somebody has begun with it. Idempotent.
 * Returns true when the task is in its role's mailbox.
 */
export async function releaseTask(bus: Bus, id: string, by: By): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const last = await lastOfTask(bus, id);
    const task = taskIn(last);
    if (!last || !task || task.attempt > 0) return false;
    if (last.message.type === 'task.assigned') {
      // A crash may have come between the state and the mailbox; a mailbox forgets after a while what it has had.
      await publishOnce(bus, subjects.tasksFor(task.role), assignment(task, 'assigned', by), task.createdAt);
      return true;
    }
    if (last.message.type !== 'task.created' || !(await inputsDone(bus, task))) return false;
    if (await assign(bus, task, last.seq, by)) return true;
  }
  return false;
}

async function inputsDone(bus: Bus, task: Task): Promise<boolean> {
  for (const input of task.dependsOn) {
    if ((await taskNow(bus, input))?.status !== 'done') return false;
  }
  return true;
}

/**
 * Gives a task up, with its open parts and whatever waits for it; the parent that loses its last part is woken. Idempotent.
 * Returns the ids of the tasks given up.
 */
export async function abandonTask(bus: Bus, id: string, source: string, reason: string): Promise<readonly string[]> {
  const task = await endAbandoned(bus, id, source, reason);
  if (!task) return [];
  const ended = [id];
  for (const part of task.children) ended.push(...(await abandonTask(bus, part, source, `${id} was abandoned`)));
  for (const next of task.dependents) {
    ended.push(...(await abandonTask(bus, next, source, `needs ${id}, which was abandoned`)));
  }
  if (task.parent !== undefined) await wakeParent(bus, task.parent, source);
  return ended;
}

/** The task as abandoned; undefined when it is done or does not exist. */
async function endAbandoned(bus: Bus, id: string, source: string, reason: string): Promise<Task | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const last = await lastOfTask(bus, id);
    const task = taskIn(last);
    if (!last || !task || task.status === 'done') return undefined;
    // Given again: a crash may have come before it took along the others.
    if (task.status === 'abandoned') return task;
    const ended = { ...task, status: 'abandoned' as const, reason, dueAt: undefined };
    const draft = {
      id: `task.${id}.abandoned`,
      type: 'task.abandoned' as const,
      source,
      data: { task: ended, note: reason },
      correlationid: task.lineage,
    };
    try {
      await bus.publish<'task.abandoned'>(subjects.task(id), draft, { expectedLastSeq: last.seq });
      return ended;
    } catch (error) {
      if (!(error instanceof StaleWrite)) throw error;
    }
  }
  throw new StaleWrite(subjects.task(id), 0);
}

/** Wakes a parent all of whose parts have ended; the id is the same whoever ends last. */
export async function wakeParent(bus: Bus, parent: string, source: string): Promise<void> {
  const task = await taskNow(bus, parent);
  if (task?.status !== 'waiting') return;
  for (const id of task.children) {
    const part = await taskNow(bus, id);
    if (part?.status !== 'done' && part?.status !== 'abandoned') return;
  }
  await giveTo(bus, task, `a${task.attempt}.children`, { source, why: 'children' });
}
