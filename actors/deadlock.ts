// Work that nobody can do: open tasks without anybody behind them, found by looking at the board. Pure.

import type { Task } from '../bus/records.ts';
import { agentsOf, type Org, type Role, roleOf } from '../org/org.ts';
import type { BoardState } from './board.ts';
import { isOpen } from './board.ts';

export type Deadlock = {
  readonly task: string;
  readonly reason: string;
  /** What a person can do about it. */
  readonly next: string;
};

/** An agent that is away for less than this may come back by itself; longer than the longest rest after a crash, ms. */
const AWAY_MS = 5 * 60_000;

/** Every open task that will not move unless a person does something, in the order of the board. */
export function deadlocks(board: BoardState, org: Org, now: number): readonly Deadlock[] {
  const found: Deadlock[] = [];
  for (const task of board.tasks.values()) {
    if (!isOpen(task)) continue;
    const why = task.status === 'escalated' ? undecided(board, org, task, now) : nobodyFor(board, org, task, now);
    if (why) found.push({ task: task.id, ...why });
  }
  return found;
}

type Why = Omit<Deadlock, 'task'> | undefined;

function nobodyFor(board: BoardState, org: Org, task: Task, now: number): Why {
  const role = roleOf(org, task.role);
  if (!role) {
    return {
      reason: `nobody has the role ${task.role} any more`,
      next: `put ${task.role} back into org.yaml, or abandon ${task.id}`,
    };
  }
  if (task.status === 'blocked') return impossibleInput(board, task);
  if (task.status === 'waiting' && task.children.length === 0) return noReviewer(org, task);
  if (now - task.createdAt > AWAY_MS && nobodyAtWork(board, role, now)) {
    return { reason: `no agent of ${role.name} is at work`, next: startOf(role) };
  }
  return undefined;
}

const startOf = (role: Role) => `run a process with this role: headcount up --roles ${role.name}`;

/** Agents of the role in whatever process. */
function nobodyAtWork(board: BoardState, role: Role, now: number): boolean {
  if (agentsOf(role).some((name) => !isAway(board, name, now))) return false;
  for (const { role: of, agent } of board.agents.values()) {
    if (of === role.name && !isAway(board, agent, now)) return false;
  }
  return true;
}

function isAway(board: BoardState, agent: string, now: number): boolean {
  const told = board.agents.get(agent);
  if (!told) return true;
  return (told.state === 'gone' || told.state === 'crashed') && now - told.since > AWAY_MS;
}

function impossibleInput({ tasks }: BoardState, task: Task): Why {
  const lost = task.dependsOn.find((id) => (tasks.get(id)?.status ?? 'abandoned') === 'abandoned');
  if (lost === undefined) return undefined;
  return { reason: `it needs ${lost}, which was abandoned`, next: `abandon ${task.id} too, or plan ${lost} again` };
}

/** The wait says who was asked (actors/duties/merging.ts). */
function noReviewer(org: Org, { reason = '' }: Task): Why {
  const [, pull, asked] = /^waits for review of pull (\d+) by (\S+)$/.exec(reason) ?? [];
  if (asked === undefined || roleOf(org, asked)?.duties.includes('review')) return undefined;
  return {
    reason: `pull ${pull} waits for a review by ${asked}, who does not review any more`,
    next: `give ${asked} the duty review in org.yaml again`,
  };
}

/** Escalated; no person is asked, and whoever staffs the company is not there to decide. */
function undecided(board: BoardState, org: Org, task: Task, now: number): Why {
  const deciders = org.roles.filter((role) => role.duties.includes('staff'));
  if (deciders.some((role) => !nobodyAtWork(board, role, now))) return undefined;
  for (const { task: about, status } of board.approvals.values()) {
    if (about === task.id && status === 'open') return undefined;
  }
  const [decider] = deciders;
  return {
    reason: 'it is escalated, and nobody who staffs the company is at work',
    next: decider ? startOf(decider) : 'give a role the duty staff in org.yaml',
  };
}
