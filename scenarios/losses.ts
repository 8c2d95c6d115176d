// What went wrong, counted from the stream alone: nobody's own word for it.

import type { Stored } from '../bus/bus.ts';
import { isTaskMessage, type Message } from '../bus/messages.ts';
import { reservationsIn } from '../bus/money.ts';
import type { Task } from '../bus/records.ts';

export type Losses = {
  /** Tasks that were created and never ended, by key. */
  readonly lost: readonly string[];
  /** What was done twice, one line each: a completion, a merge, an attempt by two agents. */
  readonly duplicated: readonly string[];
  /** Attempts that failed. */
  readonly retries: number;
  readonly escalations: number;
  /** US dollars, of tasks and standing duties. */
  readonly cost: number;
};

/** Counts over a run that has ended; `messages` are all of its stream, in order. */
export function countLosses(messages: readonly Stored[]): Losses {
  const tasks = new Map<string, Task>();
  const costs = new Map<string, number>();
  const starts = new Starts();
  const completed = new Map<string, number>();
  const merged = new Map<string, number>();
  let retries = 0;
  let escalations = 0;
  for (const { message } of messages) {
    starts.told(message);
    // What nobody settled may have cost its worst case.
    if (message.type === 'money.reserved') {
      for (const { call, worst } of reservationsIn(message.data)) costs.set(call, worst);
    }
    if (message.type === 'money.settled') costs.set(message.data.call, message.data.cost);
    if (message.type === 'money.refunded') costs.delete(message.data.call);
    if (message.type === 'pull.merged') count(merged, `pull ${message.data.number} was merged`);
    if (!isTaskMessage(message)) continue;
    const { task } = message.data;
    tasks.set(task.id, task);
    if (message.type === 'task.completed') count(completed, `${task.key} was completed`);
    if (message.type === 'task.failed') retries += 1;
    if (message.type === 'task.escalated') escalations += 1;
  }
  const twice = [...completed, ...merged]
    .filter(([, times]) => times > 1)
    .map(([what, times]) => `${what} ${times} times`);
  const open = [...tasks.values()].filter(({ status }) => status !== 'done' && status !== 'abandoned');
  const cost = [...costs.values()].reduce((sum, one) => sum + one, 0);
  return {
    lost: open.map(({ key }) => key),
    duplicated: [...twice, ...starts.doubles],
    retries,
    escalations,
    cost: Math.round(cost * 1e6) / 1e6,
  };
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** Attempts that two agents started, with nothing in between that gave the task from one to the other. */
class Starts {
  readonly doubles: string[] = [];
  readonly #held = new Map<string, { agent: string; attempt: number }>();

  told(message: Message): void {
    if (message.type === 'agent.changed' && (message.data.state === 'crashed' || message.data.state === 'gone')) {
      for (const [task, { agent }] of this.#held) if (agent === message.data.agent) this.#held.delete(task);
      return;
    }
    if (!isTaskMessage(message) || message.type === 'task.stepped') return;
    const { task } = message.data;
    if (message.type !== 'task.started') {
      this.#held.delete(task.id);
      return;
    }
    const before = this.#held.get(task.id);
    const agent = task.agent ?? message.source;
    if (before && before.agent !== agent && before.attempt === task.attempt) {
      this.doubles.push(`attempt ${task.attempt} of ${task.key} was started by ${before.agent} and by ${agent}`);
    }
    this.#held.set(task.id, { agent, attempt: task.attempt });
  }
}
