// The board: every task, agent, pull request and question as the stream last told it. A projection: it decides nothing, and
// what must be right at once is read with `bus.last` instead.

import type { DataOf } from '../bus/messages.ts';
import { isTaskMessage, type Message } from '../bus/messages.ts';
import type { Approval, Pull, Task } from '../bus/records.ts';

export type BoardState = {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly agents: ReadonlyMap<string, DataOf<'agent.changed'>>;
  readonly pulls: ReadonlyMap<number, Pull>;
  readonly approvals: ReadonlyMap<string, Approval>;
  readonly directives: ReadonlyMap<string, DataOf<'directive.issued'>>;
  readonly alerts: ReadonlyMap<string, DataOf<'alert.raised'>>;
  /** The last sequence folded in. */
  seq: number;
};

const statuses = ['blocked', 'ready', 'working', 'retrying', 'waiting', 'escalated'];

/** A task that still has to end. */
export function isOpen(task: Task): boolean {
  return statuses.includes(task.status);
}

export interface Board {
  readonly state: BoardState;
  task(id: string): Task | undefined;
  /** The task with this natural key. */
  byKey(key: string): Task | undefined;
  tasks(): Task[];
  open(): Task[];
}

/** The folding side of the board. */
export interface LiveBoard extends Board {
  told(message: Message, seq: number): void;
}

export function createBoard(): LiveBoard {
  const tasks = new Map<string, Task>();
  const keys = new Map<string, string>();
  const agents = new Map<string, DataOf<'agent.changed'>>();
  const pulls = new Map<number, Pull>();
  const approvals = new Map<string, Approval>();
  const directives = new Map<string, DataOf<'directive.issued'>>();
  const alerts = new Map<string, DataOf<'alert.raised'>>();
  // Updated in place: a copy per message would make a company of 10,000 tasks quadratic.
  const state: BoardState = { tasks, agents, pulls, approvals, directives, alerts, seq: 0 };

  function fold(message: Message): void {
    if (isTaskMessage(message)) {
      tasks.set(message.data.task.id, message.data.task);
      keys.set(message.data.task.key, message.data.task.id);
      return;
    }
    switch (message.type) {
      case 'agent.changed':
        agents.set(message.data.agent, message.data);
        return;
      case 'pull.opened':
      case 'pull.checked':
      case 'pull.reviewed':
      case 'pull.merged':
      case 'pull.closed':
        pulls.set(message.data.number, message.data);
        return;
      case 'approval.asked':
      case 'approval.answered':
        approvals.set(message.data.id, message.data);
        return;
      case 'directive.issued':
        directives.set(message.data.id, message.data);
        return;
      case 'alert.raised':
        alerts.set(message.data.id, message.data);
        return;
    }
  }

  return {
    state,
    task: (id) => tasks.get(id),
    byKey: (key) => tasks.get(keys.get(key) ?? ''),
    tasks: () => [...tasks.values()],
    open: () => [...tasks.values()].filter(isOpen),
    told(message, seq) {
      fold(message);
      state.seq = seq;
    },
  };
}
