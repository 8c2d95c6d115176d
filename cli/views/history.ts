// What every view needs of a company's messages: its state, what was spent by whom, what each thing last was. Pure folds.

import type { Stored } from '../../bus/bus.ts';
import { type AgentMemory, remember } from '../../bus/memories.ts';
import { type DataOf, isTaskMessage, type Message } from '../../bus/messages.ts';
import type { Approval, Job, Pull, Task } from '../../bus/records.ts';
import { type When, whenOf } from '../format.ts';
import { callsOf } from './calls.ts';

export const timeOf = (message: Message): number => Date.parse(message.time);

/** Messages of one type, narrowed. */
export function ofType<T extends Message['type']>(
  history: readonly Stored[],
  type: T,
): Extract<Message, { type: T }>[] {
  const found: Extract<Message, { type: T }>[] = [];
  for (const { message } of history) if (message.type === type) found.push(message as Extract<Message, { type: T }>);
  return found;
}

/**
 * True for simulated time. A virtual clock starts on the full minute, which a wall clock does once in 60,000 starts;
 * nothing else on the stream tells them apart.
 */
export function isSimulated(history: readonly Stored[]): boolean {
  const first = history[0];
  return first !== undefined && timeOf(first.message) % 60_000 === 0;
}

/** How the times of a company are said: from its start when simulated, by the clock otherwise. */
export function whenIn(history: readonly Stored[]): When {
  const first = history[0];
  return whenOf(first === undefined ? 0 : timeOf(first.message), isSimulated(history));
}

/**
 * The instant for which "late" and "waiting for" are said: the wall's for a company that runs in real time, its last
 * message's otherwise.
 */
export function nowIn(history: readonly Stored[], wall: number, live: boolean): number {
  const last = history.at(-1);
  const latest = last === undefined ? wall : timeOf(last.message);
  return live && !isSimulated(history) ? Math.max(latest, wall) : latest;
}

export type Spending = {
  readonly cost: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Calls that cost something, or may have. */
  readonly calls: number;
  readonly byAgent: ReadonlyMap<string, number>;
};

/** Money and tokens, as the ledger has them: what nobody settled counts with its worst case. */
export function spendingOf(history: readonly Stored[]): Spending {
  const byAgent = new Map<string, number>();
  const total = { cost: 0, inputTokens: 0, outputTokens: 0, calls: 0 };
  for (const { state, agent, cost, inputTokens, outputTokens } of callsOf(history)) {
    if (state === 'refunded') continue;
    total.calls += 1;
    total.cost += cost;
    total.inputTokens += inputTokens;
    total.outputTokens += outputTokens;
    byAgent.set(agent, (byAgent.get(agent) ?? 0) + cost);
  }
  return { ...total, cost: Math.round(total.cost * 1e6) / 1e6, byAgent };
}

export type Latest = {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly pulls: ReadonlyMap<number, Pull>;
  readonly approvals: ReadonlyMap<string, Approval>;
  readonly agents: ReadonlyMap<string, DataOf<'agent.changed'>>;
  readonly memories: ReadonlyMap<string, AgentMemory>;
  readonly control: { readonly data: DataOf<'control.changed'>; readonly at: number } | undefined;
};

/** The last message on each subject, read as the thing it carries. */
export function latestOf(history: readonly Stored[]): Latest {
  const tasks = new Map<string, Task>();
  const jobs = new Map<string, Job>();
  const pulls = new Map<number, Pull>();
  const approvals = new Map<string, Approval>();
  const agents = new Map<string, DataOf<'agent.changed'>>();
  const memories = new Map<string, AgentMemory>();
  let control: Latest['control'];
  for (const { message } of history) {
    if (isTaskMessage(message)) tasks.set(message.data.task.id, message.data.task);
    else if (message.type === 'agent.changed') agents.set(message.data.agent, message.data);
    else if (message.type === 'agent.remembered') {
      memories.set(message.data.agent, remember(memories.get(message.data.agent), message.data));
    } else if (isApproval(message)) {
      approvals.set(message.data.id, message.data);
    } else if (message.type === 'control.changed') {
      if (message.data.scope === 'company') control = { data: message.data, at: timeOf(message) };
    } else if ('job' in message.data) jobs.set(message.data.job.id, message.data.job);
    else if (isPull(message)) pulls.set(message.data.number, message.data);
  }
  return { tasks, jobs, pulls, approvals, agents, memories, control };
}

type ApprovalMessage = Extract<Message, { type: `approval.${string}` }>;

export function isApproval(message: Message): message is ApprovalMessage {
  return message.type.startsWith('approval.');
}

type PullMessage = Extract<Message, { type: `pull.${string}` }>;

export function isPull(message: Message): message is PullMessage {
  return message.type.startsWith('pull.');
}
