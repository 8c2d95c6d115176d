// The processes of a company on its status screen: who runs which roles where, who answers, and who has which task in hand.

import { processOf, Register } from '../../actors/processes.ts';
import type { Stored } from '../../bus/bus.ts';
import type { Task } from '../../bus/records.ts';
import { duration } from '../format.ts';
import { type Cell, clean, type Paint, table } from '../output.ts';

/** `alive`: it answers. `silent`: it has not left, and is not heard of. `started`: nobody was asked. `left`: it said so. */
type Presence = 'alive' | 'silent' | 'started' | 'left';

export type ProcessRow = {
  readonly name: string;
  /** Starts under this name. */
  readonly incarnation: number;
  readonly pid: number;
  readonly host: string;
  /** Undefined: all. */
  readonly roles: readonly string[] | undefined;
  readonly sinceMs: number;
  readonly state: Presence;
  /** Tasks in the hands of its agents. */
  readonly tasks: readonly string[];
};

/** Who answered, of those that should be there. */
export type Present = readonly { readonly name: string; readonly incarnation: number }[];

/** Names that should answer: started and not left. */
export function expectedIn(history: readonly Stored[]): string[] {
  return registerOf(history).unended();
}

export function processesOf(
  history: readonly Stored[],
  tasks: readonly Task[],
  present: Present | undefined,
  now: number,
): ProcessRow[] {
  const held = new Map<string, string[]>();
  for (const { id, status, agent } of tasks) {
    if (agent === undefined || (status !== 'working' && status !== 'retrying')) continue;
    const name = processOf(agent);
    held.set(name, [...(held.get(name) ?? []), id]);
  }
  return registerOf(history)
    .all()
    .map(({ name, incarnation, pid, host, roles, since, left }) => ({
      name,
      incarnation,
      pid,
      host,
      roles,
      sinceMs: Math.max(0, now - since),
      state: left === undefined ? presenceOf(name, present) : 'left',
      tasks: held.get(name) ?? [],
    }));
}

function presenceOf(name: string, present: Present | undefined): Presence {
  if (present === undefined) return 'started';
  return present.some((one) => one.name === name) ? 'alive' : 'silent';
}

function registerOf(history: readonly Stored[]): Register {
  const register = new Register();
  for (const stored of history) register.told(stored);
  return register;
}

const words: Readonly<Record<Presence, string>> = {
  alive: 'alive',
  silent: 'not heard of',
  started: 'started',
  left: 'left',
};
/** Ids of tasks in one row; the rest is counted. */
const MOST_TASKS = 8;

/** One line a process; those that left are left out. */
export function processLines(rows: readonly ProcessRow[], paint: Paint, width: number): string[] {
  const here = rows.filter(({ state }) => state !== 'left');
  if (here.length === 0) return [];
  const cells = here.map(({ name, state, pid, host, roles, sinceMs, tasks }): Cell[] => [
    clean(name),
    { text: words[state], tone: state === 'silent' ? 'warn' : 'plain' },
    `${pid} on ${clean(host)}`,
    duration(sinceMs),
    clean(roles?.join(', ') ?? 'all roles'),
    clean(listed(tasks)),
  ]);
  return table(['PROCESSES', 'state', 'pid', 'since', 'roles', 'holds'], cells, { width, paint });
}

function listed(tasks: readonly string[]): string {
  if (tasks.length === 0) return '-';
  const more = tasks.length - MOST_TASKS;
  return `${tasks.slice(0, MOST_TASKS).join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}
