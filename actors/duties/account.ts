// What the company costs, from what was recorded with every task and job: figures in finance.ts, asked for and filed here.

import type { Bus } from '../../bus/bus.ts';
import type { Job } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { dollars } from '../../machines/wallet.ts';
import type { Board } from '../board.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { cappedOf, teamsOf } from '../money/caps.ts';
import { booksOf, financeReport, rounded } from './finance.ts';

/** The metric that remembers the cost of tasks up to the last report, in US dollars. */
const REPORTED = 'cost_reported';

function costOfTasks(board: Board): number {
  return rounded(board.tasks().reduce((sum, task) => sum + task.spent.cost, 0));
}

/** The last record of every job. */
async function jobsOn(bus: Bus): Promise<readonly Job[]> {
  const jobs = new Map<string, Job>();
  for await (const { message } of bus.replay({ filter: 'job.*' })) {
    if ('job' in message.data) jobs.set(message.data.job.id, message.data.job);
  }
  return [...jobs.values()];
}

/** Every purse of the company and its roles that has a cap, once. */
function budgetsOf({ org, board }: Pick<JobWork, 'org' | 'board'>, now: number) {
  const purses = org.roles.flatMap((role) =>
    cappedOf(org, role, { role: role.name, teams: teamsOf(org, role) }, now, board.books),
  );
  const once = new Map(purses.map((purse) => [purse.name, purse]));
  return [...once.values()].map(({ name, used, cap }) => ({ purse: name, used: dollars(used), cap: dollars(cap) }));
}

async function run(work: JobWork): Promise<void> {
  const { board, company, bus, message, agent, role } = work;
  const { summary, total } = await work.step('account', async () => {
    const now = work.turn.now();
    const state = company.get();
    const known = {
      tasks: board.tasks(),
      jobs: await jobsOn(bus),
      company: state,
      budgets: budgetsOf(work, now),
    };
    const books = booksOf(known, state.metrics[REPORTED] ?? 0, now);
    return { summary: financeReport(books), total: costOfTasks(board) };
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
