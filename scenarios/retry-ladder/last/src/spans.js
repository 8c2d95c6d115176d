const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)(?:\s+|$)/g;

/** Milliseconds of a duration like `1h 30m`; undefined when the text is none. */
export function spanMs(text) {
  if (text.trim() === '' || text.replaceAll(PART, '').trim() !== '') return undefined;
  return [...text.matchAll(PART)].reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit], 0);
}
