// How long somebody worked on a task: what passes between two records while it is in hand. Waiting for a review, for parts,
// for a provider or for the next try is no work.

import type { Task } from '../bus/records.ts';

/** The record of a task that is worked on no longer, or waits. Pure. */
export function worked(task: Pick<Task, 'spent' | 'workingSince'>, now: number): Pick<Task, 'spent' | 'workingSince'> {
  const { spent, workingSince = now } = task;
  return {
    spent: { ...spent, workingMs: spent.workingMs + Math.max(0, now - workingSince) },
    workingSince: undefined,
  };
}
