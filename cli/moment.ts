// A moment in a company's history, as people name it: a sequence, an instant, a time of day, a time since the start. Each
// becomes the last sequence that belongs to it.

import type { Stored } from '../bus/bus.ts';
import { HeadcountError } from '../bus/errors.ts';
import { UsageError } from './errors.ts';
import { isSimulated, timeOf } from './views/history.ts';

/** A moment before the first or after the last message. Exit code 2. */
export class OutOfRange extends HeadcountError {
  override readonly name = 'OutOfRange';
  constructor(text: string, history: readonly Stored[]) {
    const [first, last] = [history[0], history.at(-1)];
    const range =
      first === undefined || last === undefined
        ? 'nothing has happened yet'
        : `it goes from 1 to ${last.seq}, from ${first.message.time} to ${last.message.time}`;
    super('OUT_OF_RANGE', `${JSON.stringify(text)} is outside of this company's history`, range, { exit: 2 });
  }
}

export const MOMENT_HELP = '<seq>, +<time since the start> (+90m, +01:30:00), HH:MM, or an ISO 8601 time';

const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** Milliseconds of `90m`, `1h30m`, `01:30`, `01:30:05`; undefined for anything else. */
function durationOf(text: string): number | undefined {
  const clock = /^(\d+):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (clock) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)) * 1000;
  if (!/^(?:\d+[smhd])+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g)) ms += Number(count) * (UNITS[unit ?? ''] ?? 0);
  return ms;
}

/** The last instant up to `end` at which the company's clock showed this time of day. */
function timeOfDay(ms: number, end: number, simulated: boolean): number {
  const midnight = simulated ? Math.floor(end / DAY_MS) * DAY_MS : new Date(end).setHours(0, 0, 0, 0);
  const today = midnight + ms;
  return today <= end ? today : today - DAY_MS;
}

/** True for a date that is on the calendar. */
function isDay(date: string): boolean {
  const at = Date.parse(date);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date);
}

/** What was meant, as an instant; undefined for what is none. */
function instantOf(text: string, history: readonly Stored[]): number | undefined {
  const [first, last] = [history[0], history.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (text.startsWith('+')) {
    const since = durationOf(text.slice(1));
    return since === undefined ? undefined : timeOf(first.message) + since;
  }
  const day = /^\d{1,2}:/.test(text) ? durationOf(text) : undefined;
  if (day !== undefined && day < DAY_MS) return timeOfDay(day, timeOf(last.message), isSimulated(history));
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  // A day that its month does not have is taken for one of the next month.
  if (!isDay(text.slice(0, 10))) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * The last sequence that belongs to a moment. Throws OutOfRange, naming the range; UsageError for what is no moment.
 */
export function sequenceAt(text: string, history: readonly Stored[]): number {
  const last = history.at(-1)?.seq ?? 0;
  if (/^-?\d+$/.test(text)) {
    const seq = Number(text);
    if (seq < 1 || seq > last) throw new OutOfRange(text, history);
    return seq;
  }
  if (history.length === 0) throw new OutOfRange(text, history);
  const at = instantOf(text, history);
  if (at === undefined) throw new UsageError(`${JSON.stringify(text)} is no moment`, `write ${MOMENT_HELP}`);
  const latest = history.reduce((max, { message }) => Math.max(max, timeOf(message)), 0);
  const after = history.findIndex(({ message }) => timeOf(message) > at);
  if (after === 0 || (after === -1 && at > latest)) throw new OutOfRange(text, history);
  return after === -1 ? last : (history[after - 1]?.seq ?? last);
}
