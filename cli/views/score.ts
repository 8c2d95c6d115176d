// Why a task has its score: signals, values, weights, shares, the messages that show them, and what is missing.

import type { Task } from '../../bus/records.ts';
import type { ScoreLedger } from '../../bus/scores.ts';
import { pad } from '../../org/width.ts';
import { clean, cut, type Paint, wrapped } from '../output.ts';

export type ScoreView = {
  readonly task: string;
  readonly title: string;
  readonly agent: string | undefined;
  readonly score: number;
  readonly band: string | undefined;
  readonly ledger: ScoreLedger;
};

/** The score of a task taken apart; undefined when it has none, or an older version scored it without a ledger. Pure. */
export function scoreView({ id, title, agent, score, band, ledger }: Task): ScoreView | undefined {
  if (score === undefined || ledger === undefined) return undefined;
  return { task: id, title, agent, score, band, ledger };
}

const percent = (share: number) => `${Math.round(share * 1000) / 10}%`;
const fixed = (value: number) => value.toFixed(2);

/** Lines of at most `width` columns. */
export function renderScore(view: ScoreView, paint: Paint, width: number): string[] {
  const { ledger } = view;
  const cells = (...texts: readonly string[]) => texts.map((text, index) => pad(text, WIDTHS[index] ?? 8)).join('');
  const lines = [
    `${paint(view.task, 'strong')}  ${cut(clean(view.title), width - view.task.length - 2)}`,
    `score ${view.score} ${clean(view.band ?? '')}${view.agent === undefined ? '' : `, ${clean(view.agent)}`}`,
    '',
    paint(cells('signal', 'value', 'weight', 'share', 'points', 'why'), 'dim'),
  ];
  for (const { signal, value, weight, share, points, why, evidence } of ledger.rows) {
    const head = cells(signal, fixed(value), fixed(weight), percent(share), fixed(points));
    lines.push(...besides(head, clean(why), width));
    for (const id of evidence) lines.push(...below(clean(id), width).map((line) => paint(line, 'dim')));
  }
  for (const { signal, why } of ledger.missing) {
    const told = besides(cells(signal, 'none'), `${clean(why)}; its weight counts for the others`, width);
    lines.push(...told.map((line) => paint(line, 'warn')));
  }
  const total = ledger.rows.reduce((sum, { points }) => sum + points, 0);
  lines.push(cells('total', '', '', percent(ledger.rows.reduce((sum, { share }) => sum + share, 0)), fixed(total), ''));
  return lines.map((line) => line.trimEnd());
}

const WIDTHS = [13, 7, 8, 8, 8];
const WHY = WIDTHS.reduce((sum, width) => sum + width, 0);

/** The reason in its column, whole: it is what the ledger is read for. */
function besides(head: string, why: string, width: number): string[] {
  const [first = '', ...rest] = below(why, width);
  return [head.padEnd(WHY) + first.trimStart(), ...rest];
}

const below = (text: string, width: number) =>
  wrapped(text, Math.max(NARROWEST, width - WHY)).map((line) => ' '.repeat(WHY) + line);

/** Narrower than this no reason gets. */
const NARROWEST = 20;
