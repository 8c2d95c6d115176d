// The tasks of a company, one a row.

import type { Stored } from '../../bus/bus.ts';
import type { Task, TaskStatus } from '../../bus/records.ts';
import { money } from '../format.ts';
import { type Cell, clean, type Paint, type Tone, table } from '../output.ts';
import { latestOf } from './history.ts';

export type TaskRow = Pick<
  Task,
  | 'id'
  | 'title'
  | 'status'
  | 'role'
  | 'agent'
  | 'attempt'
  | 'parent'
  | 'dependsOn'
  | 'score'
  | 'band'
  | 'reason'
  | 'merged'
  | 'pull'
> & { readonly cost: number };

export type TaskFilter = { readonly status?: string | undefined; readonly role?: string | undefined };

/** In the order of their creation. `open` as a status means everything that has not ended. */
export function tasksOf(history: readonly Stored[], filter: TaskFilter = {}): TaskRow[] {
  const ended: readonly TaskStatus[] = ['done', 'abandoned'];
  return [...latestOf(history).tasks.values()]
    .filter(({ role }) => filter.role === undefined || role === filter.role)
    .filter(({ status }) =>
      filter.status === undefined
        ? true
        : filter.status === 'open'
          ? !ended.includes(status)
          : status === filter.status,
    )
    .map(
      ({ id, title, status, role, agent, attempt, parent, dependsOn, score, band, reason, merged, pull, spent }) => ({
        id,
        title,
        status,
        role,
        agent,
        attempt,
        parent,
        dependsOn,
        score,
        band,
        reason,
        merged,
        pull,
        cost: spent.cost,
      }),
    );
}

export const statusTones: Readonly<Record<TaskStatus, Tone>> = {
  blocked: 'dim',
  ready: 'plain',
  working: 'info',
  retrying: 'warn',
  waiting: 'dim',
  escalated: 'bad',
  done: 'good',
  abandoned: 'bad',
};

export function renderTasks(rows: readonly TaskRow[], paint: Paint, width: number): string[] {
  if (rows.length === 0) return ['no tasks'];
  const cells = rows.map((row): Cell[] => [
    row.id,
    { text: row.status, tone: statusTones[row.status] },
    clean(row.agent ?? row.role),
    String(row.attempt),
    row.score === undefined ? '-' : String(Math.round(row.score)),
    row.cost === 0 ? '-' : money(row.cost),
    clean(row.reason !== undefined && row.status !== 'done' ? `${row.title} (${row.reason})` : row.title),
  ]);
  return table(['TASK', 'status', 'who', 'try', 'score', 'cost', 'title'], cells, { width, paint });
}
