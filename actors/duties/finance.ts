// What a week cost, as figures: by role and by goal, for each merged task, what it comes to if it goes on so, and how the
// company is doing. Pure; account.ts asks and files.

import type { CompanyState } from '../../brain/memory/company.ts';
import type { Job, Task } from '../../bus/records.ts';

const DAY_MS = 86_400_000;

export type Line = { readonly of: string; readonly tasks: number; readonly done: number; readonly cost: number };

export type Books = {
  readonly roles: readonly Line[];
  readonly goals: readonly Line[];
  readonly total: number;
  /** On tasks since the last report. */
  readonly since: number;
  readonly merged: number;
  /** Dollars a day since the first task, and what the next thirty days cost at that rate. */
  readonly perDay: number;
  readonly forecast: number;
  /** What each purse that has a cap has used of it, with what is reserved. */
  readonly budgets: readonly { readonly purse: string; readonly used: number; readonly cap: number }[];
  readonly metrics: Readonly<Record<string, number>>;
};

export function rounded(dollars: number): number {
  return Math.round(dollars * 1e6) / 1e6;
}

/** Adds up by a name, dearest first. */
function linesOf(entries: readonly { of: string; cost: number; task: Task | undefined }[]): Line[] {
  const lines = new Map<string, { tasks: number; done: number; cost: number }>();
  for (const { of, cost, task } of entries) {
    const line = lines.get(of) ?? { tasks: 0, done: 0, cost: 0 };
    lines.set(of, line);
    line.tasks += task === undefined ? 0 : 1;
    line.done += task?.status === 'done' ? 1 : 0;
    line.cost += cost;
  }
  return [...lines]
    .map(([of, line]) => ({ of, ...line, cost: rounded(line.cost) }))
    .toSorted((one, other) => other.cost - one.cost || (one.of < other.of ? -1 : 1));
}

const taskEntries = (tasks: readonly Task[], of: (task: Task) => string) =>
  tasks.map((task) => ({ of: of(task), cost: task.spent.cost, task }));

/** Cost by role, dearest first. */
export function costByRole(tasks: readonly Task[], jobs: readonly Job[]): readonly Line[] {
  const standing = jobs.map(({ role, spent }) => ({ of: role, cost: spent.cost, task: undefined }));
  return linesOf([...taskEntries(tasks, ({ role }) => role), ...standing]);
}

/**
 * The figures of a report.
 * @param reported what the last report had seen of the cost of tasks
 */
export function booksOf(
  known: {
    readonly tasks: readonly Task[];
    readonly jobs: readonly Job[];
    readonly company: CompanyState;
    readonly budgets: Books['budgets'];
  },
  reported: number,
  now: number,
): Books {
  const { tasks, jobs, company, budgets } = known;
  const roles = costByRole(tasks, jobs);
  const total = rounded(roles.reduce((sum, { cost }) => sum + cost, 0));
  const onTasks = tasks.reduce((sum, { spent }) => sum + spent.cost, 0);
  const first = tasks.length === 0 ? now : Math.min(...tasks.map(({ createdAt }) => createdAt));
  const perDay = total / Math.max(1, (now - first) / DAY_MS);
  const hidden = /^(cost_reported|directive\..*)$/;
  return {
    roles,
    goals: linesOf(taskEntries(tasks, ({ goal }) => goal ?? 'no goal')),
    total,
    since: rounded(onTasks - reported),
    merged: tasks.filter(({ merged }) => merged !== undefined).length,
    perDay: rounded(perDay),
    forecast: rounded(perDay * 30),
    budgets,
    metrics: Object.fromEntries(Object.entries(company.metrics).filter(([name]) => !hidden.test(name))),
  };
}

const money = (dollars: number) => `$${dollars.toFixed(2)}`;

function table(of: string, lines: readonly Line[]): string[] {
  return [
    '',
    `| ${of} | Tasks | Done | Cost |`,
    '|---|---|---|---|',
    ...lines.map((line) => `| ${line.of} | ${line.tasks} | ${line.done} | ${money(line.cost)} |`),
  ];
}

/** The report as Markdown. */
export function financeReport(books: Books): string {
  const { total, since, merged, roles, goals, perDay, forecast, budgets, metrics } = books;
  return [
    `Spent ${money(total)} in all, ${money(since)} on tasks since the last report.`,
    merged > 0 ? `${merged} merged tasks, ${money(total / merged)} each.` : 'Nothing is merged yet.',
    `${money(perDay)} a day so far; ${money(forecast)} in the next thirty days if it goes on so.`,
    ...table('Role', roles),
    ...table('Goal', goals),
    '',
    ...(budgets.length === 0 ? ['Nothing has a budget.'] : []),
    ...budgets.map(({ purse, used, cap }) => `- ${purse}: ${money(used)} of ${money(cap)}`),
    ...Object.entries(metrics).map(([name, value]) => `- ${name}: ${value}`),
  ].join('\n');
}
