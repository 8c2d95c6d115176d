// What the company costs, by role, from what was recorded with every task and job.

import type { Bus } from '../../bus/bus.ts';
import type { Job } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Board } from '../board.ts';
import type { JobWork, StandingDuty } from '../duty.ts';

/** The metric that remembers the cost of tasks up to the last report, in US dollars. */
const REPORTED = 'cost_reported';

export type Line = { readonly role: string; readonly tasks: number; readonly done: number; readonly cost: number };

function costOfTasks(board: Board): number {
  return rounded(board.tasks().reduce((sum, task) => sum + task.spent.cost, 0));
}

function rounded(dollars: number): number {
  return Math.round(dollars * 1e6) / 1e6;
}

/** The last record of every job. */
async function jobsOn(bus: Bus): Promise<readonly Job[]> {
  const jobs = new Map<string, Job>();
  for await (const { message } of bus.replay({ filter: 'job.*' })) {
    if ('job' in message.data) jobs.set(message.data.job.id, message.data.job);
  }
  return [...jobs.values()];
}

/** Cost by role, dearest first. */
export function costByRole(board: Board, jobs: readonly Job[]): readonly Line[] {
  const lines = new Map<string, { tasks: number; done: number; cost: number }>();
  const lineOf = (role: string) => {
    const line = lines.get(role) ?? { tasks: 0, done: 0, cost: 0 };
    lines.set(role, line);
    return line;
  };
  for (const task of board.tasks()) {
    const line = lineOf(task.role);
    line.tasks += 1;
    line.done += task.status === 'done' ? 1 : 0;
    line.cost += task.spent.cost;
  }
  for (const job of jobs) lineOf(job.role).cost += job.spent.cost;
  return [...lines]
    .map(([role, line]) => ({ role, ...line, cost: rounded(line.cost) }))
    .toSorted((one, other) => other.cost - one.cost || (one.role < other.role ? -1 : 1));
}

/** The report as Markdown. */
export function financeReport(lines: readonly Line[], merged: number, since: number): string {
  const total = lines.reduce((sum, line) => sum + line.cost, 0);
  const money = (dollars: number) => `$${dollars.toFixed(2)}`;
  return [
    `Spent ${money(total)} in all, ${money(since)} on tasks since the last report.`,
    merged > 0 ? `${merged} merged tasks, ${money(total / merged)} each.` : 'Nothing is merged yet.',
    '',
    '| Role | Tasks | Done | Cost |',
    '|---|---|---|---|',
    ...lines.map((line) => `| ${line.role} | ${line.tasks} | ${line.done} | ${money(line.cost)} |`),
  ].join('\n');
}

async function run(work: JobWork): Promise<void> {
  const { board, company, bus, message, agent, role } = work;
  const { summary, total } = await work.step('account', async () => {
    const now = costOfTasks(board);
    const merged = board.tasks().filter((task) => task.merged !== undefined).length;
    const lines = costByRole(board, await jobsOn(bus));
    return { summary: financeReport(lines, merged, now - (company.get().metrics[REPORTED] ?? 0)), total: now };
  });
  const id = `finance.${message.id}`;
  await work.publish<'report.filed'>(subjects.reports, {
    id,
    type: 'report.filed',
    data: { id, kind: 'finance', by: agent, role: role.name, status: 'info', summary, cost: total },
  });
  await work.publish<'brain.metric'>(subjects.brain('metric'), {
    id: `${id}.metric`,
    type: 'brain.metric',
    data: { name: REPORTED, value: total },
  });
}

export const account: StandingDuty = {
  kind: 'standing',
  name: 'account',
  filters: [],
  types: ['clock.ticked'],
  wants: ({ board, company }, message) =>
    message.type === 'clock.ticked' && costOfTasks(board) > (company.get().metrics[REPORTED] ?? 0),
  run,
};
