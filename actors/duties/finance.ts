// What a period cost, as figures and as a document: by role and by goal, for each merged task, what it comes to if it goes on
// so, what is left of each budget, and how the company is doing. All money is the ledger's. Pure; account.ts asks and files.

import type { CompanyState } from '../../brain/memory/company.ts';
import { plain } from '../../brain/memory/plain.ts';
import type { Task } from '../../bus/records.ts';
import type { Spend } from '../money/spend.ts';

const DAY_MS = 86_400_000;
/** Days of the forecast. */
const AHEAD = 30;
/** Merged tasks that are named, the dearest. */
const DEAREST = 5;

export type Line = { readonly of: string; readonly calls: number; readonly cost: number };

/** A budget: what is used of it, with what is reserved, in US dollars. */
export type Purse = {
  readonly purse: string;
  readonly used: number;
  readonly cap: number;
  readonly state: 'open' | 'nearly empty' | 'stopped';
};

/** When the last report was made, epoch ms, and what it counted, US dollars. */
export type Reported = { readonly at: number | undefined; readonly total: number };

export type Books = {
  /** The ISO week in which most of the period lies, as 2026-W02. */
  readonly week: string;
  readonly from: number;
  readonly to: number;
  readonly roles: readonly Line[];
  readonly goals: readonly Line[];
  /** US dollars, from the beginning, with the worst case of what nobody has settled. */
  readonly total: number;
  readonly unsettled: number;
  /** Since the last report. */
  readonly since: number;
  /** Merged tasks, what their own calls cost, and the dearest of them. */
  readonly merged: { readonly count: number; readonly cost: number; readonly dearest: readonly Line[] };
  /** Dollars a day in the period, and what the next thirty days cost at that rate. */
  readonly perDay: number;
  readonly forecast: number;
  readonly budgets: readonly Purse[];
  readonly metrics: Readonly<Record<string, number>>;
};

export function rounded(dollars: number): number {
  return Math.round(dollars * 1e6) / 1e6;
}

const sum = (spends: readonly Spend[]) => rounded(spends.reduce((total, { cost }) => total + cost, 0));

/** Adds up by a name, dearest first. */
function linesOf(spends: readonly Spend[], of: (spend: Spend) => string): readonly Line[] {
  const groups = new Map<string, Spend[]>();
  for (const spend of spends) {
    const own = groups.get(of(spend));
    if (own) own.push(spend);
    else groups.set(of(spend), [spend]);
  }
  return [...groups]
    .map(([name, own]) => ({ of: name, calls: own.length, cost: sum(own) }))
    .toSorted((one, other) => other.cost - one.cost || (one.of < other.of ? -1 : 1));
}

/** The ISO week of an instant, in UTC: 2026-W02. @param at epoch ms */
export function weekOf(at: number): string {
  const date = new Date(at);
  // The Thursday of a week decides about its year.
  const thursday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - first) / (7 * DAY_MS)) + 1;
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, '0')}`;
}

/** What the company brain counts. Figures of reports are not its own. */
function metricsOf({ metrics, features, bugs, deployments, goals }: CompanyState): Record<string, number> {
  const own = Object.entries(metrics).filter(([name]) => !/^(cost_reported(_at)?|directive\..*)$/.test(name));
  return {
    'features shipped': features.length,
    'goals achieved': Object.values(goals).filter(({ status }) => status === 'achieved').length,
    'open bugs': Object.values(bugs).filter(({ status }) => status === 'open').length,
    'deployments live': deployments.filter(({ status }) => status === 'live').length,
    ...Object.fromEntries(own),
  };
}

/**
 * The figures of a report.
 * @param spends every call of the ledger
 * @param now epoch ms
 */
export function booksOf(
  known: {
    readonly spends: readonly Spend[];
    readonly tasks: readonly Task[];
    readonly company: CompanyState;
    readonly budgets: readonly Purse[];
  },
  reported: Reported,
  now: number,
): Books {
  const { spends, tasks, company, budgets } = known;
  const from = reported.at ?? spends[0]?.at ?? now;
  const total = sum(spends);
  const since = rounded(total - reported.total);
  const perDay = rounded(since / Math.max(1, (now - from) / DAY_MS));
  const merged = new Set(tasks.filter((task) => task.merged !== undefined).map(({ id }) => id));
  const onMerged = spends.filter(({ task }) => task !== undefined && merged.has(task));
  return {
    week: weekOf((from + now) / 2),
    from,
    to: now,
    roles: linesOf(spends, ({ role }) => role),
    goals: linesOf(spends, ({ goal }) => goal ?? 'no goal'),
    total,
    unsettled: sum(spends.filter(({ open }) => open)),
    since,
    merged: {
      count: merged.size,
      cost: sum(onMerged),
      dearest: linesOf(onMerged, ({ task = '' }) => task).slice(0, DEAREST),
    },
    perDay,
    forecast: rounded(perDay * AHEAD),
    budgets,
    metrics: metricsOf(company),
  };
}

const money = (dollars: number) => `$${dollars.toFixed(2)}`;
const cell = (text: string) => plain(text, 80).replaceAll('|', '/');

function table(of: string, lines: readonly Line[]): readonly string[] {
  if (lines.length === 0) return [];
  const rows = lines.map((line) => `| ${cell(line.of)} | ${line.calls} | ${money(line.cost)} |`);
  return ['', `| ${of} | Calls | Cost |`, '|---|---|---|', ...rows];
}

function mergedLine({ merged, total }: Books): string {
  const { count, cost } = merged;
  if (count === 0) return 'Nothing is merged yet.';
  return `${count} merged tasks: ${money(cost / count)} each for their own calls, ${money(total / count)} with all others.`;
}

function budgetLine({ purse, used, cap, state }: Purse): string {
  const left = cap === 0 ? 0 : Math.max(0, Math.round((1 - used / cap) * 100));
  return `- ${purse}: ${money(used)} of ${money(cap)}, ${left} % left${state === 'open' ? '' : `, ${state}`}`;
}

/** The report as Markdown, without a title. */
export function financeReport(books: Books): string {
  const { total, since, unsettled, roles, goals, merged, perDay, forecast, budgets, metrics } = books;
  return [
    `Spent ${money(total)} in all, ${money(since)} since the last report.`,
    ...(unsettled > 0 ? [`${money(unsettled)} of it is the worst case of calls that nobody has settled.`] : []),
    mergedLine(books),
    `${money(perDay)} a day; ${money(forecast)} in the next thirty days if it goes on so.`,
    ...table('Role', roles),
    ...table('Goal', goals),
    ...table('Merged task', merged.dearest),
    '',
    ...(budgets.length === 0 ? ['Nothing has a budget.'] : budgets.map(budgetLine)),
    '',
    ...Object.entries(metrics).map(([name, value]) => `- ${cell(name)}: ${value}`),
  ].join('\n');
}

/** The report as a file of the product. */
export function financeDocument(books: Books, report: string): string {
  const day = (at: number) => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  return `# Finance, ${books.week}\n\nFrom ${day(books.from)} to ${day(books.to)} UTC.\n\n${report}\n`;
}
