// What a run learned, counted from its stream: retries at first and at last, and the lessons that hold.

import type { Stored } from '../bus/bus.ts';
import { isTaskMessage } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { climbing } from '../machines/policy.ts';

export type LearningCount = {
  /** Failed attempts at the work of the first and the last tasks, in the order in which they were begun. */
  readonly retries: { readonly first: number; readonly last: number };
  /** Lessons that hold at the end. */
  readonly held: number;
};

/** Counts over the first and the last `count` tasks. Pure. */
export function learningOf(messages: readonly Stored[], count: number): LearningCount {
  const begun = new Map<string, Task>();
  const lessons = new Map<string, boolean>();
  for (const { message } of messages) {
    if (message.type === 'lesson.learned' || message.type === 'lesson.retired') {
      lessons.set(message.data.id, message.data.status === 'active');
    }
    if (!isTaskMessage(message)) continue;
    const { task } = message.data;
    if (message.type === 'task.started' || begun.has(task.id)) begun.set(task.id, task);
  }
  const tasks = [...begun.values()];
  const failed = (some: readonly Task[]) =>
    some.reduce((sum, { failures }) => sum + failures.filter(({ kind }) => climbing.includes(kind)).length, 0);
  return {
    retries: { first: failed(tasks.slice(0, count)), last: failed(tasks.slice(-count)) },
    held: [...lessons.values()].filter((active) => active).length,
  };
}
