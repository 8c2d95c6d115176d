// What is counted of all tasks there ever were, kept with each message, so that asking costs the same in a company of ten tasks
// and of ten thousand.

import type { Task } from '../bus/records.ts';

export interface Tally {
  readonly done: number;
  readonly merged: number;
  /** When the first task was made, and when the first was merged; epoch ms, undefined before that. */
  readonly firstCreatedAt: number | undefined;
  readonly firstMergedAt: number | undefined;
}

const isDone = ({ status }: Task) => status === 'done';
const isMerged = ({ merged }: Task) => merged !== undefined;
const mergedAt = ({ merged, endedAt }: Task) => (merged === undefined ? undefined : endedAt);
/** One that was put together from an unreadable record does not say. */
const createdAt = ({ createdAt: at }: Task) => (at === 0 ? undefined : at);

const earlier = (one: number | undefined, other: number | undefined) =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);

/** The folding side: told of each record of a task, with the one before it. What is merged or was made stays so. */
export class LiveTally implements Tally {
  done = 0;
  merged = 0;
  firstCreatedAt: number | undefined;
  firstMergedAt: number | undefined;

  told(task: Task, before: Task | undefined): void {
    const change = (counts: (task: Task) => boolean) =>
      Number(counts(task)) - Number(before !== undefined && counts(before));
    this.done += change(isDone);
    this.merged += change(isMerged);
    this.firstCreatedAt = earlier(this.firstCreatedAt, createdAt(task));
    this.firstMergedAt = earlier(this.firstMergedAt, mergedAt(task));
  }
}
