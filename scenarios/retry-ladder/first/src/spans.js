const UNITS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a duration like `1h 30m`. */
export function spanMs(text) {
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(h|m|s|ms)/g)) sum += Number(amount) * UNITS[unit];
  return sum;
}
