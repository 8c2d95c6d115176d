const UNITS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a duration like `1h 30m`; undefined when the text is none. */
export function spanMs(text) {
  if (!/^(\d+(ms|h|m|s) ?)+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|h|m|s)/g)) sum += Number(amount) * UNITS[unit];
  return sum;
}
