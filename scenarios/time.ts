// Instants as a story tells them: `+20m` after the start, `14:30` on the day it starts, or a whole ISO date.

import { parseDuration } from '../org/duration.ts';

const DAY_MS = 86_400_000;

/** The instant in epoch ms; undefined when the text is none. A time of day before the start means the day after. */
export function parseInstant(text: string, start: number): number | undefined {
  if (text.startsWith('+')) {
    const after = parseDuration(text.slice(1));
    return after === undefined ? undefined : start + after;
  }
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours !== undefined && minutes !== undefined) {
    const at = start - (start % DAY_MS) + Number(hours) * 3_600_000 + Number(minutes) * 60_000;
    return at < start ? at + DAY_MS : at;
  }
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
