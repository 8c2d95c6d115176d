// How a task may change: each event with the states it may come in and the one it leads to. It repeats what the agent chart
// and its host do (machines/agent.ts, actors/task-turn.ts), in other words: moves.test.ts compares the two.

import type { TaskMessage } from '../bus/messages.ts';
import type { Phase, TaskStatus } from '../bus/records.ts';

export type Move = {
  /** States in which the event may come; `none` before the first one. */
  readonly from: readonly (TaskStatus | 'none')[];
  /** The state afterwards; `same` when the event leaves it as it is. */
  readonly to: readonly TaskStatus[] | 'same';
  /** Where the task goes on afterwards; any phase when undefined. */
  readonly phases?: readonly Phase[];
  /** What it does to the number of attempts. */
  readonly attempts: readonly (0 | 1)[];
};

export const moves: Readonly<Record<TaskMessage['type'], Move>> = {
  // Created again only to correct the names of other tasks, before anybody has it.
  'task.created': { from: ['none', 'blocked', 'ready'], to: ['blocked', 'ready'], phases: ['briefing'], attempts: [0] },
  'task.assigned': { from: ['blocked', 'ready'], to: ['ready'], phases: ['briefing'], attempts: [0] },
  'task.started': { from: ['ready', 'retrying'], to: ['working'], phases: ['executing'], attempts: [0, 1] },
  'task.stepped': {
    from: ['working', 'retrying', 'waiting'],
    to: 'same',
    phases: ['executing', 'verifying', 'backing-off', 'planning'],
    attempts: [0],
  },
  'task.failed': {
    from: ['working', 'retrying', 'waiting'],
    to: ['retrying'],
    phases: ['backing-off', 'planning'],
    attempts: [0, 1],
  },
  'task.waiting': { from: ['working', 'waiting'], to: ['waiting'], phases: ['verifying'], attempts: [0] },
  'task.decomposed': { from: ['retrying'], to: ['waiting'], phases: ['verifying'], attempts: [0] },
  'task.escalated': { from: ['ready', 'working', 'retrying', 'waiting'], to: ['escalated'], attempts: [0] },
  // From ready: HR gives what nobody has begun to another role.
  'task.reassigned': { from: ['ready', 'escalated'], to: ['ready'], phases: ['briefing'], attempts: [1] },
  'task.completed': { from: ['working', 'waiting'], to: ['done'], phases: ['reporting'], attempts: [0] },
  'task.abandoned': {
    from: ['blocked', 'ready', 'working', 'retrying', 'waiting', 'escalated'],
    to: ['abandoned'],
    attempts: [0],
  },
};
