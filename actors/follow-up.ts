// The task that goes on with partial work. Each field of a task is copied, reset or made anew on purpose: the table must name
// all of them, so that a new field cannot be forgotten.

import type { Continued, PlannedTask, Task } from '../bus/records.ts';
import { deadlineOf, type Filing, untouched } from './plan.ts';

/**
 * `copied`: the same piece of work. `reset`: says something of an attempt, and there was none yet. `new`: this task's own.
 * Help that was collected (`guidance`) and who must not take it (`avoid`) are copied: they hold for the work, not the task.
 */
export const fields: Readonly<Record<keyof Task, 'copied' | 'reset' | 'new'>> = {
  id: 'new',
  key: 'new',
  title: 'copied',
  description: 'copied',
  acceptance: 'copied',
  type: 'copied',
  role: 'copied',
  product: 'copied',
  estimateMs: 'copied',
  priority: 'copied',
  goal: 'copied',
  directive: 'copied',
  parent: 'new',
  lineage: 'copied',
  depth: 'new',
  dependsOn: 'reset',
  dependents: 'reset',
  children: 'reset',
  status: 'reset',
  phase: 'reset',
  reason: 'reset',
  deadline: 'new',
  createdAt: 'new',
  startedAt: 'reset',
  workingSince: 'reset',
  endedAt: 'reset',
  dueAt: 'reset',
  agent: 'reset',
  avoid: 'copied',
  attempt: 'reset',
  rung: 'reset',
  waits: 'reset',
  excused: 'reset',
  reassigned: 'reset',
  failures: 'reset',
  guidance: 'copied',
  branch: 'reset',
  commit: 'reset',
  pull: 'reset',
  merged: 'reset',
  summary: 'reset',
  continues: 'new',
  taint: 'copied',
  evidence: 'reset',
  lessons: 'reset',
  paths: 'reset',
  spent: 'reset',
  score: 'reset',
  band: 'reset',
  ledger: 'reset',
};

/** The record of the follow-up: the same work, from where it stands. */
function goingOn(task: Task, continues: Continued): (made: Task) => Task {
  const copied = Object.fromEntries(
    Object.entries(task).filter(([field]) => fields[field as keyof Task] === 'copied'),
  ) as Partial<Task>;
  return (made) => ({
    ...made,
    ...untouched(),
    ...copied,
    deadline: deadlineOf(task.estimateMs, made.createdAt),
    continues,
  });
}

/** What must be filed so that somebody goes on with a task: one attempt of it has one follow-up, however often it is filed. */
export function followUpOf(task: Task, continues: Continued): { planned: PlannedTask; filing: Filing } {
  const { title, description, acceptance, role, type, estimateMs, priority, product, goal, directive } = task;
  return {
    planned: {
      key: `go-on-${task.attempt}`,
      title,
      description,
      acceptance,
      role,
      type,
      estimateMinutes: estimateMs / 60_000,
      priority,
      after: [],
    },
    filing: { prefix: task.key, parent: task, product, goal, directive, shape: goingOn(task, continues) },
  };
}
