// I16, I17: money by day, and what a task with all its parts may use.

import { isTaskMessage, type Message, type MessageType, type TaskMessage } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import type { Case, Check } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { type Rules, SKEW_MS } from './rules.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Money is counted in millionths of a dollar: sums of fractions must not drift. */
const micro = (dollars: number) => Math.round(dollars * 1e6);

type Cost = { readonly role: string; readonly agent: string; readonly added: number };

const EPSILON = 1;

/** What a message added to what its work has cost, in millionths. */
function costOf(message: Message, ledger: Ledger): Cost | undefined {
  if (isTaskMessage(message)) {
    const { task } = message.data;
    const before = ledger.tasks.get(task.id)?.is.spent.cost ?? 0;
    return { role: task.role, agent: message.source, added: micro(task.spent.cost) - micro(before) };
  }
  if (!('job' in message.data)) return undefined;
  const { job } = message.data;
  const before = ledger.jobs.get(job.id)?.is.spent.cost ?? 0;
  return { role: job.role, agent: message.source, added: micro(job.spent.cost) - micro(before) };
}

/** Spending of one day under one budget. */
type Purse = { spent: number; readonly overdrawn: Set<string> };

function daily(): Check {
  const purses = new Map<string, Purse>();
  let today = -1;
  const spend = (name: string, { agent, added }: Cost, limit: number, judge: Case['judge']) => {
    const purse = purses.get(name) ?? { spent: 0, overdrawn: new Set<string>() };
    purses.set(name, purse);
    const over = purse.spent >= micro(limit);
    // The call that each agent was in when the money ran out cannot be called back.
    judge('I16', !over || !purse.overdrawn.has(agent), () => {
      return `${agent} asks again although ${name} has used up its $${limit} for the day ($${purse.spent / 1e6})`;
    });
    if (over) purse.overdrawn.add(agent);
    purse.spent += added;
  };
  return {
    types: costTypes,
    look({ stored: { message }, ledger, rules, at, judge }) {
      const cost = costOf(message, ledger);
      if (!cost) return;
      judge('I16', cost.added >= -EPSILON, () => `${message.id} has spent less than the message before it`);
      if (cost.added <= 0) return;
      const day = Math.floor(at / DAY_MS);
      if (day > today) purses.clear();
      today = Math.max(today, day);
      const { role, company } = rules.budgets ?? {};
      const limit = role?.[cost.role];
      if (limit !== undefined) spend(cost.role, cost, limit, judge);
      if (company !== undefined) spend('the company', cost, company, judge);
    },
  };
}

const costTypes: readonly MessageType[] = [
  'task.created',
  'task.assigned',
  'task.started',
  'task.stepped',
  'task.failed',
  'task.waiting',
  'task.decomposed',
  'task.escalated',
  'task.reassigned',
  'task.completed',
  'task.abandoned',
  'job.started',
  'job.stepped',
  'job.failed',
  'job.done',
];

/** A recorded step says what it cost, and the work has that much more on its account. */
const accounted: Check = {
  types: ['task.stepped', 'job.stepped'],
  look({ stored: { message }, ledger, judge }) {
    if (message.type !== 'task.stepped' && message.type !== 'job.stepped') return;
    const usage = micro(message.data.step.usage?.cost ?? 0);
    const added = costOf(message, ledger)?.added ?? 0;
    // More is fine: answers that were refused are paid for, and recorded with the next write.
    judge(
      'I16',
      added >= usage - EPSILON,
      () => `${message.id} cost $${usage / 1e6}, and its work $${added / 1e6} more`,
    );
  },
};

type Limits = { readonly attempts?: number; readonly cost?: number; readonly ms?: number; readonly depth?: number };

function limitsOf({ roles, attempts, depth, budgets }: Rules, role: string): Limits {
  const known = roles?.[role];
  if (known) return known;
  return {
    ...(attempts === undefined ? {} : { attempts }),
    ...(depth === undefined ? {} : { depth }),
    ...(budgets?.lineage === undefined ? {} : { cost: budgets.lineage }),
  };
}

/** Other tasks of the lineage that are being worked on: what they use is not known to each other at once. */
function othersAtWork(ledger: Ledger, task: Task): number {
  const members = ledger.lineages.get(task.lineage)?.members;
  if (!members || members.size < 2) return 0;
  let count = 0;
  for (const id of members) if (id !== task.id && isAtWork(ledger.tasks.get(id)?.is)) count += 1;
  return count;
}

function isAtWork(task: Task | undefined): boolean {
  return task?.status === 'working' || task?.status === 'retrying';
}

/**
 * A lineage is asked for its budget when a new attempt is taken up, and when a failed one is to be tried again. What others
 * of the family use at the same moment cannot be known, so each of them may be one ahead.
 */
function afforded(given: Case, message: TaskMessage): void {
  const { ledger, rules, at, judge } = given;
  const { task } = message.data;
  const before = ledger.tasks.get(task.id)?.is;
  const { attempts, cost, ms, depth } = limitsOf(rules, task.role);
  if (message.type === 'task.created' && depth !== undefined && before === undefined) {
    const most = task.parent === undefined ? 0 : (limitsOf(rules, roleOf(ledger, task.parent)).depth ?? depth);
    judge('I17', task.depth <= most, () => `${task.id} is at depth ${task.depth}; ${most} are allowed`);
  }
  const starts = message.type === 'task.started' && before?.status === 'ready';
  if (!before || (!starts && message.type !== 'task.failed')) return;
  const lineage = ledger.lineages.get(task.lineage);
  const others = othersAtWork(ledger, task);
  const used = {
    attempts: lineage?.attempts ?? 0,
    cost: (lineage?.cost ?? 0) + task.spent.cost - before.spent.cost,
  };
  judge('I17', attempts === undefined || used.attempts < attempts + others, () => {
    return `${task.lineage} goes on after ${used.attempts} of ${attempts} attempts (${message.id})`;
  });
  judge('I17', cost === undefined || others > 0 || micro(used.cost) < micro(cost), () => {
    return `${task.lineage} goes on after $${used.cost} of $${cost} (${message.id})`;
  });
  const root = ledger.tasks.get(task.lineage)?.is ?? task;
  const age = at - root.createdAt;
  judge('I17', ms === undefined || age < ms + (rules.skewMs ?? SKEW_MS), () => {
    return `${task.lineage} goes on ${Math.round(age / 60_000)} minutes after it was created (${message.id})`;
  });
}

const roleOf = (ledger: Ledger, id: string) => ledger.tasks.get(id)?.is.role ?? '';

const lineages: Check = {
  types: ['task.created', 'task.started', 'task.failed'],
  look(given) {
    const { message } = given.stored;
    if (isTaskMessage(message)) afforded(given, message);
  },
};

export function budgetChecks(): readonly Check[] {
  return [daily(), accounted, lineages];
}
