// What was spent, by whatever one wants to know it by.

import type { Stored } from '../../bus/bus.ts';
import { count, money, plural } from '../format.ts';
import { type Cell, clean, type Paint, table } from '../output.ts';
import { type CallRow, callsOf } from './calls.ts';
import { latestOf } from './history.ts';

export const costKeys = ['role', 'task', 'goal', 'model', 'day'] as const;
export type CostKey = (typeof costKeys)[number];

type CostRow = {
  /** A role, a task, a goal, a model or a UTC day; `-` for calls that belong to none. */
  readonly name: string;
  /** A task's title. */
  readonly title: string | undefined;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars, `open` and `estimated` included. */
  readonly cost: number;
};

export type Cost = {
  readonly by: CostKey;
  /** The most expensive first; days in order. */
  readonly rows: readonly CostRow[];
  readonly calls: number;
  readonly cost: number;
  /** Calls that are not settled, and the most that they can cost: it counts as spent. */
  readonly open: { readonly calls: number; readonly cost: number };
  /** Settled calls whose usage nobody told. */
  readonly estimated: { readonly calls: number; readonly cost: number };
  /** Calls that cost nothing: their provider refused them. */
  readonly refunded: number;
};

const NONE = '-';

function nameOf(row: CallRow, by: CostKey): string {
  return by === 'day' ? new Date(row.at).toISOString().slice(0, 10) : (row[by] ?? NONE);
}

/** Folds a company's messages into one table. Pure. */
export function costOf(history: readonly Stored[], by: CostKey): Cost {
  const all = callsOf(history);
  const { tasks } = latestOf(history);
  const paid = all.filter(({ state }) => state !== 'refunded');
  const rows = new Map<string, CostRow>();
  for (const row of paid) {
    const name = nameOf(row, by);
    const title = by === 'task' ? tasks.get(name)?.title : undefined;
    const before = rows.get(name) ?? { name, title, calls: 0, inputTokens: 0, outputTokens: 0, cost: 0 };
    rows.set(name, {
      ...before,
      calls: before.calls + 1,
      inputTokens: before.inputTokens + row.inputTokens,
      outputTokens: before.outputTokens + row.outputTokens,
      cost: exact(before.cost + row.cost),
    });
  }
  const sumOf = (some: readonly CallRow[]) => ({
    calls: some.length,
    cost: exact(some.reduce((sum, { cost }) => sum + cost, 0)),
  });
  const sorted = [...rows.values()].sort((a, b) => (by === 'day' ? a.name.localeCompare(b.name) : b.cost - a.cost));
  return {
    by,
    rows: sorted,
    ...sumOf(paid),
    open: sumOf(paid.filter(({ state }) => state === 'open')),
    estimated: sumOf(paid.filter(({ state, estimated }) => state === 'settled' && estimated)),
    refunded: all.length - paid.length,
  };
}

/** Sums of millionths. */
const exact = (amount: number) => Math.round(amount * 1e6) / 1e6;

export function renderCost({ by, rows, calls, cost, open, estimated, refunded }: Cost, paint: Paint, width: number) {
  if (rows.length === 0 && refunded === 0) return ['nothing was spent'];
  const cells = rows.map((row): Cell[] => [
    clean(row.name),
    money(row.cost),
    `${cost === 0 ? 0 : Math.round((row.cost / cost) * 100)} %`,
    count(row.calls),
    count(row.inputTokens),
    count(row.outputTokens),
    clean(row.title ?? ''),
  ]);
  return [
    ...table([by.toUpperCase(), 'cost', 'part', 'calls', 'in', 'out', ''], cells, { width, paint }),
    `total ${money(cost)} in ${plural(calls, 'call')}`,
    ...(open.calls === 0
      ? []
      : [`${plural(open.calls, 'call')} not settled, counted at the worst case: ${money(open.cost)}`]),
    ...(estimated.calls === 0
      ? []
      : [`${plural(estimated.calls, 'call')} estimated, for nobody said what was used: ${money(estimated.cost)}`]),
    ...(refunded === 0 ? [] : [`${plural(refunded, 'call')} cost nothing: refused by the provider`]),
  ];
}
