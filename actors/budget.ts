// The budget of a lineage: a task with all its subtasks, retries and reassignments draws on one.

import type { Task } from '../bus/records.ts';
import type { AgentPolicy } from '../machines/policy.ts';
import { type Org, roleOf } from '../org/org.ts';
import type { Board } from './board.ts';

/** What a lineage has used: attempts, US dollars, and ms since its root was created. */
export function spentBy(board: Board, task: Task, now: number): { attempts: number; cost: number; ms: number } {
  const root = task.lineage === task.id ? task : board.task(task.lineage);
  // Parts are made after a failure: before, the task is all there is.
  if (task.lineage === task.id && task.failures.length === 0 && task.children.length === 0) {
    return { attempts: task.attempt, cost: task.spent.cost, ms: now - task.createdAt };
  }
  const others = board.tasks().filter((one) => one.lineage === task.lineage && one.id !== task.id);
  const family = [task, ...others];
  return {
    attempts: family.reduce((sum, one) => sum + one.attempt, 0),
    cost: family.reduce((sum, one) => sum + one.spent.cost, 0),
    ms: now - (root?.createdAt ?? task.createdAt),
  };
}

/** True while the lineage has attempts, money and time left. */
export function affordable(board: Board, task: Task, policy: AgentPolicy, now: number): boolean {
  const spent = spentBy(board, task, now);
  const { attempts, cost, ms } = policy.lineage;
  return spent.attempts < attempts && spent.cost < cost && spent.ms < ms;
}

/** Which limits of its lineage a task has reached, in words. */
function reached(board: Board, task: Task, { lineage }: AgentPolicy, now: number): string {
  const spent = spentBy(board, task, now);
  return [
    ...(spent.attempts >= lineage.attempts ? [`${lineage.attempts} attempt${lineage.attempts === 1 ? '' : 's'}`] : []),
    ...(spent.cost >= lineage.cost ? [`$${lineage.cost}`] : []),
    ...(spent.ms >= lineage.ms ? [`${lineage.ms / 3_600_000} hours`] : []),
  ].join(' and ');
}

/** Budgets that are used up and hold up work that is still open, one line each. Pure. */
export function usedUp(board: Board, org: Org, now: number): readonly string[] {
  const lines = new Map<string, string>();
  for (const task of board.open()) {
    const role = roleOf(org, task.role);
    if (!role) continue;
    if (task.status === 'escalated' && !affordable(board, task, role.policy, now)) {
      const limits = reached(board, task, role.policy, now);
      lines.set(task.lineage, `${task.lineage} has used up its ${limits} (retry.lineage in org.yaml)`);
    }
    if (role.budget !== undefined && board.spentOn(role.name, now) >= role.budget) {
      lines.set(role.name, `${role.name} has used up its $${role.budget} for today (budget in org.yaml)`);
    }
  }
  return [...lines.values()];
}
