// Durations and cadences as a person writes them: `90s`, `15m`, `2h`, `7d`, `1w`, or five cron fields (UTC).

import { CronExpressionParser } from 'cron-parser';
import type { Cadence } from './org.ts';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Four years: longer than any wait that is meant. */
const LONGEST_MS = 4 * 366 * 86_400_000;

/** A tick costs a message; more often than this is a mistake. */
const SHORTEST_CADENCE_MS = 1_000;

/** Milliseconds of `90s`, `15m`, `2h`, `7d`, `1w` or `250ms`; undefined when it is no duration, or over four years. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,12})(ms|[smhdw])$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN);
  return ms <= LONGEST_MS ? ms : undefined;
}

/** The shortest way to write a duration of `ms` milliseconds: 90,000 is `90s`, 604,800,000 is `1w`. */
export function formatDuration(ms: number): string {
  const fits = Object.entries(UNITS).filter(([, size]) => ms % size === 0 && ms >= size);
  const [unit, size] = fits.at(-1) ?? ['s', 1_000];
  return `${ms / size}${unit}`;
}

/** Five fields, or a name such as `@daily`. cron-parser also takes fewer fields, seconds, and `H`, a random number. */
const CRON = /^(@(hourly|daily|weekly|monthly|yearly)|\S+( +\S+){4})$/;

/** A cadence as written: a duration of a second or more, or a cron expression. Says in words what is wrong otherwise. */
export function parseCadence(text: string): Cadence | { readonly problem: string } {
  const every = parseDuration(text);
  if (every !== undefined && every < SHORTEST_CADENCE_MS) return { problem: 'ticks more than once a second' };
  if (every !== undefined) return { every };
  const unusable = { problem: 'is neither a duration (5m, 7d) nor five cron fields ("0 9 * * 1")' };
  if (!CRON.test(text) || /\bH\b/.test(text)) return unusable;
  try {
    CronExpressionParser.parse(text, { tz: 'UTC', currentDate: 0 }).next();
    return { cron: text };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it never comes';
    return { problem: `is no time that cron knows: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}` };
  }
}

/** `every 5m`, `cron 0 9 * * 1`. */
export function formatCadence(cadence: Cadence): string {
  return 'every' in cadence ? `every ${formatDuration(cadence.every)}` : `cron ${cadence.cron}`;
}
