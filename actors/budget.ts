// The budget of a lineage: a task with all its subtasks, retries and reassignments draws on one.

import type { Stop } from '../bus/money.ts';
import type { Task } from '../bus/records.ts';
import type { AgentPolicy } from '../machines/policy.ts';
import { periodEnd } from '../machines/wallet.ts';
import { type Org, roleOf } from '../org/org.ts';
import type { Board } from './board.ts';
import { spanOf, usedOf } from './money/asking.ts';
import { raisedBy } from './money/caps.ts';

type Spent = { readonly attempts: number; readonly ms: number };

/** Attempts that a lineage has used, and ms since its root was created. */
function spentBy(board: Board, task: Task, now: number): Spent {
  const root = task.lineage === task.id ? task : board.task(task.lineage);
  // Parts are made after a failure: before, the task is all there is.
  if (task.lineage === task.id && task.failures.length === 0 && task.children.length === 0) {
    return { attempts: task.attempt, ms: now - task.createdAt };
  }
  const others = board.tasks().filter((one) => one.lineage === task.lineage && one.id !== task.id);
  const family = [task, ...others];
  return {
    attempts: family.reduce((sum, one) => sum + one.attempt, 0),
    ms: now - (root?.createdAt ?? task.createdAt),
  };
}

/** The cap of its lineage, or its own, that a call of a task did not fit under, and that nobody has raised since. */
export function stopOf(board: Board, { lineage, id }: Task): Stop | undefined {
  const stops = [board.books.stopOf(`lineage.${lineage}`), board.books.stopOf(`task.${id}`)];
  return stops.find((stop) => stop !== undefined && raisedBy(board, stop) === undefined);
}

/** True while the lineage has attempts, money and time left. */
export function affordable(board: Board, task: Task, policy: AgentPolicy, now: number): boolean {
  const spent = spentBy(board, task, now);
  const { attempts, ms } = policy.lineage;
  return spent.attempts < attempts && spent.ms < ms && stopOf(board, task) === undefined;
}

/** Which limits of its lineage a task has reached, in words. */
function reached(board: Board, task: Task, policy: AgentPolicy, now: number): string {
  const { attempts, ms } = policy.lineage;
  const spent = spentBy(board, task, now);
  const stop = stopOf(board, task);
  return [
    ...(spent.attempts >= attempts ? [`${attempts} attempt${attempts === 1 ? '' : 's'}`] : []),
    ...(stop === undefined ? [] : [`$${stop.cap}`]),
    ...(spent.ms >= ms ? [`${ms / 3_600_000} hours`] : []),
  ].join(' and ');
}

/** Budgets that are used up and hold up work that is still open, one line each. Pure. */
export function usedUp(board: Board, org: Org, now: number): readonly string[] {
  const lines = new Map<string, string>();
  for (const task of board.open()) {
    const role = roleOf(org, task.role);
    if (role && task.status === 'escalated' && !affordable(board, task, role.policy, now)) {
      const limits = reached(board, task, role.policy, now);
      lines.set(task.lineage, `${task.lineage} has used up its ${limits} (retry.lineage in org.yaml)`);
    }
  }
  for (const stop of board.open().length > 0 ? board.books.stops() : []) {
    const end = periodEnd(spanOf(stop.purse), stop.at);
    if (end !== undefined && now < end) lines.set(stop.purse, `${usedOf(stop)} (budget in org.yaml)`);
  }
  return [...lines.values()];
}
