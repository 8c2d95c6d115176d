// I16, I26, I27: no wallet is overdrawn, every call is reserved and settled once, and what work says it has cost is in the
// ledger of money.

import { isTaskMessage, type Message, type MessageType } from '../bus/messages.ts';
import { type Reservation, reservationsIn } from '../bus/money.ts';
import type { Case, Check, JudgeThing } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { type Drawn, drawnBy, micro } from './money-ledger.ts';
import { type Rules, skewOf } from './rules.ts';

/** Sums of work are rounded at each addition, the ledger is not. */
const EPSILON = 20;

/** What the rules let a purse hold, US dollars; undefined when they do not say. */
function capIn({ budgets, roles }: Rules, { kind, name, span }: Drawn, { role }: Reservation): number | undefined {
  switch (kind) {
    case 'lineage':
      return roles?.[role]?.cost ?? budgets?.lineage;
    case 'task':
      return budgets?.role?.[role]?.task ?? budgets?.company?.task;
    default: {
      const caps = kind === 'company' ? budgets?.company : budgets?.[kind]?.[name];
      return span === 'whole' ? undefined : caps?.[span];
    }
  }
}

/** The rules in force, and those before them while somebody may not have heard of the change yet. */
function rulesLately() {
  let now: { readonly rules: Rules; readonly since: number } | undefined;
  let before: Rules | undefined;
  return ({ rules, ledger, at }: Case): readonly Rules[] => {
    if (now?.rules !== rules) {
      before = now?.rules;
      now = { rules, since: at };
    }
    return before !== undefined && at - now.since <= skewOf(rules, ledger) ? [rules, before] : [rules];
  };
}

function withinCaps(): Check {
  const lately = rulesLately();
  return {
    types: ['money.reserved'],
    look(given) {
      const { stored, ledger, judge } = given;
      if (stored.message.type !== 'money.reserved') return;
      const { money } = ledger;
      const inForce = lately(given);
      // Those of one write come one after the other here too.
      const totals = new Map<string, number>();
      for (const call of reservationsIn(stored.message.data)) {
        for (const drawn of drawnBy(call)) {
          const { purse } = drawn;
          const total = (totals.get(purse) ?? money.used.get(purse) ?? 0) + micro(call.worst);
          totals.set(purse, total);
          const raised = money.raised.get(purse) ?? 0;
          const said = call.caps[purse];
          judge('I16', said === undefined || total <= micro(said), () => over(purse, total, said ?? 0, call));
          const caps = inForce.map((rules) => capIn(rules, drawn, call));
          const holds = caps.some((cap) => cap === undefined || total <= micro(cap) + raised);
          judge('I16', holds, () => over(purse, total, (caps[0] ?? 0) + raised / 1e6, call));
        }
      }
    },
  };
}

function over(purse: string, total: number, cap: number, { call }: Reservation): string {
  return `${purse} may hold $${cap}; with ${call} it is at $${total / 1e6}`;
}

const settledOnce: Check = {
  types: ['money.reserved', 'money.settled', 'money.refunded'],
  look({ stored: { message }, ledger: { money }, judge }) {
    if (message.type === 'money.reserved') {
      const reserved = reservationsIn(message.data).map(({ call }) => call);
      for (const [index, call] of reserved.entries()) {
        judge('I26', !money.calls.has(call) && reserved.indexOf(call) === index, () => `${call} is reserved again`);
      }
      return;
    }
    if (message.type !== 'money.settled' && message.type !== 'money.refunded') return;
    const { call } = message.data;
    const known = money.calls.get(call);
    judge('I26', known !== undefined, () => `${call} is settled, and was never reserved`);
    if (!known) return;
    judge('I26', known.end === undefined, () => `${call} is settled again`);
    if (message.type !== 'money.settled') return;
    const { cost } = message.data;
    judge('I26', micro(cost) <= known.worst, () => `${call} cost $${cost}, and $${known.worst / 1e6} was reserved`);
  },
};

type Cost = { readonly work: string; readonly total: number; readonly before: number };

/** What the work of a message says it has cost so far, in millionths. */
function costOf(message: Message, ledger: Ledger): Cost | undefined {
  if (isTaskMessage(message)) {
    const { task } = message.data;
    const before = ledger.tasks.get(task.id)?.is.spent.cost ?? 0;
    return { work: task.key, total: micro(task.spent.cost), before: micro(before) };
  }
  if (!('job' in message.data)) return undefined;
  const { job } = message.data;
  const before = ledger.jobs.get(job.id)?.is.spent.cost ?? 0;
  return { work: job.id, total: micro(job.spent.cost), before: micro(before) };
}

const workTypes: readonly MessageType[] = [
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

const accounted: Check = {
  types: workTypes,
  look({ stored: { message }, ledger, judge }) {
    const cost = costOf(message, ledger);
    if (!cost) return;
    const { work, total, before } = cost;
    judge('I27', total >= before, () => `${message.id} has cost less than the message before it`);
    const charged = ledger.money.charged.get(work) ?? 0;
    judge('I27', total <= charged + EPSILON, () => {
      return `${work} says that it has cost $${total / 1e6}; the ledger has $${charged / 1e6} of it`;
    });
    if (message.type !== 'task.stepped' && message.type !== 'job.stepped') return;
    const paid = micro(message.data.step.usage?.cost ?? 0);
    // More is fine: answers that were refused are paid for, and recorded with the next write.
    judge('I27', total - before >= paid - 1, () => {
      return `${message.id} cost $${paid / 1e6}, and its work $${(total - before) / 1e6} more`;
    });
  },
};

/** Once all work has ended: each paid step is one of the calls of its question, to the millionth. */
export function moneyAtEnd({ money, paid }: Ledger, judge: JudgeThing): void {
  for (const { question, cost, seq, subject } of paid) {
    const calls = money.asked.get(question) ?? [];
    const found = calls.some(({ end, worst }) => (end ? Math.abs(end.cost - cost) <= 1 : worst >= cost));
    const detail = () => `step ${question} cost $${cost / 1e6}, and no call of it in the ledger did`;
    judge('I27', found, { seq, subject, detail });
  }
}

export function moneyChecks(): readonly Check[] {
  return [withinCaps(), settledOnce, accounted];
}
