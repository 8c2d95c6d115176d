// A company on one screen, problems first: what needs a person, what is late, what is stuck, then everybody and the flow.

import { processOf } from '../../actors/processes.ts';
import type { Stored } from '../../bus/bus.ts';
import { lettersIn } from '../../bus/dead.ts';
import type { DataOf } from '../../bus/messages.ts';
import type { Task, TaskStatus } from '../../bus/records.ts';
import { type Latest, latestOf, nowIn, ofType, spendingOf, timeOf } from './history.ts';
import { type Present, type ProcessRow, processesOf } from './processes.ts';
import { type LowWallet, walletsIn } from './wallets.ts';

type Question = {
  readonly id: string;
  readonly question: string;
  readonly askedBy: string;
  readonly task: string | undefined;
  readonly options: readonly { readonly key: string; readonly label: string; readonly recommended: boolean }[];
  /** What the harness computed about it. */
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  /** What agents say about it. */
  readonly said: readonly { readonly by: string; readonly text: string }[];
  readonly waitingMs: number;
  readonly blocks: number;
};

type LateTask = {
  readonly task: string;
  readonly title: string;
  readonly agent: string | undefined;
  readonly status: TaskStatus;
  /** Since it was started. */
  readonly workingMs: number;
  readonly expectedMs: number;
  /** Past its deadline by this much; undefined when the deadline is still ahead. */
  readonly overdueMs: number | undefined;
};

type AgentRow = {
  readonly agent: string;
  /** `unknown` when it never told: its work alone says that it exists; `silent` when its process is not heard of. */
  readonly state: string;
  readonly task: string | undefined;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly reason: string | undefined;
  readonly score: number | undefined;
  readonly trend: 'up' | 'down' | 'level' | undefined;
  readonly spend: number;
};

type StorageTrouble = { readonly code: string; readonly said: string; readonly next: string };

export type Status = {
  readonly company: string;
  /** `not running` when no process works on it. */
  readonly state: string;
  readonly runningMs: number;
  readonly cost: number;
  /** What the company may spend today, US dollars; undefined: as much as it likes. */
  readonly today: { readonly used: number; readonly cap: number } | undefined;
  /** Wallets without enough for the next call, and those that are nearly empty. */
  readonly low: readonly LowWallet[];
  readonly seq: number;
  /** Messages that wait in mailboxes; undefined when it was not asked. */
  readonly lag: number | undefined;
  /** What is wrong with what keeps its stream, and what to do, a line each. */
  readonly storage: StorageTrouble | undefined;
  /** The same of other companies of the workspace, which nobody asked about. */
  readonly others: readonly (StorageTrouble & { readonly company: string })[];
  /** Invariants that do not hold, newest last. */
  readonly broken: readonly { readonly invariant: string; readonly seq: number; readonly detail: string }[];
  /** Providers of models that cannot be asked freely, and in how long one call is let through. */
  readonly providers: readonly (DataOf<'provider.changed'> & { readonly againInMs: number })[];
  readonly needsYou: readonly Question[];
  readonly late: readonly LateTask[];
  readonly stuck: readonly { readonly task: string; readonly title: string; readonly reason: string }[];
  readonly deadLetters: readonly {
    readonly id: string;
    readonly consumer: string;
    readonly subject: string;
    readonly reason: string;
  }[];
  readonly agents: readonly AgentRow[];
  /** In the order they first started, those that left included. */
  readonly processes: readonly ProcessRow[];
  readonly flow: Readonly<Record<TaskStatus, number>>;
};

export type StatusOptions = {
  readonly company: string;
  /** Wall time, epoch ms. */
  readonly wall: number;
  /** True when a process works on it now. */
  readonly live: boolean;
  readonly lag?: number | undefined;
  readonly storage?: Status['storage'];
  readonly others?: Status['others'] | undefined;
  /** Processes that answered; undefined when nobody was asked. */
  readonly present?: Present | undefined;
};

function questionsOf(latest: Latest, now: number): Question[] {
  return [...latest.approvals.values()]
    .filter(({ status, answer }) => status === 'open' || (status === 'expired' && answer === undefined))
    .map((approval) => ({
      id: approval.id,
      question: approval.question,
      askedBy: approval.askedBy,
      task: approval.task,
      options: approval.options.map(({ key, label, recommended }) => ({
        key,
        label,
        recommended: recommended === true,
      })),
      facts: approval.facts ?? [],
      said: approval.said ?? [],
      waitingMs: now - approval.askedAt,
      blocks: approval.blocks.length,
    }))
    .sort((a, b) => b.waitingMs - a.waitingMs);
}

const open: readonly TaskStatus[] = ['blocked', 'ready', 'working', 'retrying', 'waiting'];

function lateOf(tasks: readonly Task[], now: number): LateTask[] {
  const late: LateTask[] = [];
  for (const task of tasks) {
    if (!open.includes(task.status)) continue;
    const workingMs = task.startedAt === undefined ? 0 : now - task.startedAt;
    const overdue = now - task.deadline;
    const slow = (task.status === 'working' || task.status === 'retrying') && workingMs > task.estimateMs;
    if (!slow && overdue <= 0) continue;
    late.push({
      task: task.id,
      title: task.title,
      agent: task.agent,
      status: task.status,
      workingMs,
      expectedMs: task.estimateMs,
      overdueMs: overdue > 0 ? overdue : undefined,
    });
  }
  return late.sort((a, b) => b.workingMs - b.expectedMs - (a.workingMs - a.expectedMs));
}

function agentsOf(latest: Latest, byAgent: ReadonlyMap<string, number>, now: number): AgentRow[] {
  const names = new Set([...latest.agents.keys(), ...latest.memories.keys(), ...byAgent.keys()]);
  return [...names].map((agent) => {
    const told = latest.agents.get(agent);
    const memory = latest.memories.get(agent);
    const last = [...(memory?.rewards ?? []), ...(memory?.corrections ?? [])].sort((a, b) => b.at - a.at)[0];
    const average = memory?.average;
    const trend =
      last === undefined || average === undefined || memory?.count === 1
        ? undefined
        : last.score > average
          ? ('up' as const)
          : last.score < average
            ? ('down' as const)
            : ('level' as const);
    const idle = told?.state === 'idle' || told?.state === 'gone';
    return {
      agent,
      state: told?.state ?? 'unknown',
      task: idle ? undefined : told?.task,
      sinceMs: told === undefined ? undefined : now - told.since,
      untilMs: told?.until === undefined || idle ? undefined : told.until - now,
      reason: idle ? undefined : told?.reason,
      score: average,
      trend,
      spend: byAgent.get(agent) ?? 0,
    };
  });
}

/** What an agent last said is no news once its process is not heard of. */
function withoutTheDead(agents: readonly AgentRow[], processes: readonly ProcessRow[]): AgentRow[] {
  const silent = new Set(processes.filter(({ state }) => state === 'silent').map(({ name }) => name));
  const nothing = { task: undefined, sinceMs: undefined, untilMs: undefined, reason: undefined };
  return agents.map((row) =>
    row.state !== 'gone' && silent.has(processOf(row.agent)) ? { ...row, ...nothing, state: 'silent' } : row,
  );
}

function unhealthyIn(history: readonly Stored[], now: number): Status['providers'] {
  const last = new Map(ofType(history, 'provider.changed').map(({ data }) => [data.provider, data]));
  return [...last.values()]
    .filter(({ state }) => state !== 'healthy')
    .map((data) => ({ ...data, againInMs: Math.max(0, (data.until ?? now) - now) }));
}

/** Folds a company's messages into one screen. Pure. */
export function statusOf(history: readonly Stored[], options: StatusOptions): Status {
  const latest = latestOf(history);
  const now = nowIn(history, options.wall, options.live);
  const tasks = [...latest.tasks.values()];
  const spending = spendingOf(history);
  const processes = processesOf(history, tasks, options.present, now);
  const first = history[0];
  const flow: Record<TaskStatus, number> = {
    blocked: 0,
    ready: 0,
    working: 0,
    retrying: 0,
    waiting: 0,
    escalated: 0,
    done: 0,
    abandoned: 0,
  };
  for (const { status } of tasks) flow[status] += 1;
  const said = latest.control?.data.state ?? 'starting';
  return {
    company: options.company,
    state: options.live ? (said === 'stopped' ? 'running' : said) : said === 'stopped' ? 'stopped' : 'not running',
    runningMs: first === undefined ? 0 : now - timeOf(first.message),
    cost: spending.cost,
    ...walletsIn(history, now),
    seq: history.at(-1)?.seq ?? 0,
    lag: options.lag,
    storage: options.storage,
    others: options.others ?? [],
    broken: ofType(history, 'audit.violated').map(({ data: { invariant, seq, detail } }) => ({
      invariant,
      seq,
      detail,
    })),
    providers: unhealthyIn(history, now),
    needsYou: questionsOf(latest, now),
    late: lateOf(tasks, now),
    stuck: tasks
      .filter(({ status }) => status === 'escalated')
      .map(({ id, title, reason, failures }) => ({ task: id, title, reason: reason ?? failures.at(-1)?.reason ?? '' })),
    deadLetters: lettersIn(history)
      .filter(({ requeuedAs }) => requeuedAs === undefined)
      .map(({ id, letter: { data } }) => ({
        id,
        consumer: data.consumer,
        subject: data.subject,
        reason: data.reason,
      })),
    agents: withoutTheDead(agentsOf(latest, spending.byAgent, now), processes),
    processes,
    flow,
  };
}
