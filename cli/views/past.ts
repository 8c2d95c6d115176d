// A company as it was: its history up to a moment, and the line that says which moment that is.

import type { Stored } from '../../bus/bus.ts';
import { count } from '../format.ts';
import { timeOf, whenIn } from './history.ts';

export type Past = {
  /** Everything that had happened. */
  readonly history: readonly Stored[];
  /** Its last sequence; 0 when nothing had happened. */
  readonly seq: number;
  /** Its last instant, ISO 8601. */
  readonly time: string | undefined;
  /** The last sequence that there is now. */
  readonly of: number;
};

/** The history up to a sequence. */
export function pastOf(whole: readonly Stored[], seq: number): Past {
  const after = whole.findIndex((stored) => stored.seq > seq);
  const history = after === -1 ? whole : whole.slice(0, after);
  return { history, seq, time: history.at(-1)?.message.time, of: whole.at(-1)?.seq ?? 0 };
}

/** `as of seq 120 of 312, +02:16:00 (2026-01-05T11:16:00.000Z)`. */
export function asOf({ history, seq, time, of }: Past): string {
  const last = history.at(-1);
  if (last === undefined || time === undefined) return 'nothing has happened yet';
  return `as of seq ${count(seq)} of ${count(of)}, ${whenIn(history)(timeOf(last.message))} (${time})`;
}

/** The org file in force; undefined when the company had not told it. */
export function orgTextOf(history: readonly Stored[]): string | undefined {
  const told = history.findLast(({ message }) => message.type === 'org.changed');
  return told?.message.type === 'org.changed' ? told.message.data.text : undefined;
}
