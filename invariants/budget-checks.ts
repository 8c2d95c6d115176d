// I17: what a task with all its parts may use. Its money is I16's.

import { isTaskMessage, type TaskMessage } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import type { Case, Check } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { type Rules, skewOf } from './rules.ts';

type Limits = { readonly attempts?: number; readonly ms?: number; readonly depth?: number };

function limitsOf({ roles, attempts, depth }: Rules, role: string): Limits {
  const known = roles?.[role];
  if (known) return known;
  return {
    ...(attempts === undefined ? {} : { attempts }),
    ...(depth === undefined ? {} : { depth }),
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
  const { attempts, ms, depth } = limitsOf(rules, task.role);
  if (message.type === 'task.created' && depth !== undefined && before === undefined) {
    const most = task.parent === undefined ? 0 : (limitsOf(rules, roleOf(ledger, task.parent)).depth ?? depth);
    judge('I17', task.depth <= most, () => `${task.id} is at depth ${task.depth}; ${most} are allowed`);
  }
  const starts = message.type === 'task.started' && before?.status === 'ready';
  if (!before || (!starts && message.type !== 'task.failed')) return;
  const lineage = ledger.lineages.get(task.lineage);
  const others = othersAtWork(ledger, task);
  const used = lineage?.attempts ?? 0;
  judge('I17', attempts === undefined || used < attempts + others, () => {
    return `${task.lineage} goes on after ${used} of ${attempts} attempts (${message.id})`;
  });
  const root = ledger.tasks.get(task.lineage)?.is ?? task;
  const age = at - root.createdAt;
  judge('I17', ms === undefined || age < ms + skewOf(rules, ledger), () => {
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
  return [lineages];
}
