// Anything an actor may hold, as plain JSON data without secrets and of bounded size.

const DEEPEST = 20;
const LONGEST_TEXT = 4_000;
const MOST_ITEMS = 200;
/** Values copied from one message; a context whose parts share one another could otherwise grow without end. */
const MOST_VALUES = 20_000;

export type Redact = (text: string) => string;

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return undefined;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function entriesOf(value: object): [string, unknown][] {
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return entries.slice(0, MOST_ITEMS).map(([key, held]) => [String(key), held]);
}

/**
 * Copies a value into plain JSON data. Every text in it, keys as well, goes through `redact` before it is cut to length, so
 * that no half of a secret is left. Functions become their name; cycles and what lies too deep become a short mark.
 */
function toPlain(value: unknown, redact: Redact): unknown {
  let left = MOST_VALUES;
  const copy = (from: unknown, above: readonly object[]): unknown => {
    left -= 1;
    const text = textOf(from);
    if (text !== undefined) return redact(text).slice(0, LONGEST_TEXT);
    if (typeof from === 'function') return { type: redact(from.name) };
    if (typeof from !== 'object' || from === null) return from;
    if (above.includes(from)) return '[circular]';
    if (left < 0 || above.length >= DEEPEST) return '[cut]';
    const within = [...above, from];
    if (hasToJson(from)) return copy(from.toJSON(), within);
    if (Array.isArray(from) || from instanceof Set)
      return [...from].slice(0, MOST_ITEMS).map((held) => copy(held, within));
    return Object.fromEntries(entriesOf(from).map(([key, held]) => [redact(key), copy(held, within)]));
  };
  return copy(value, []);
}

/**
 * `value` as JSON, redacted once more as a whole. Undefined when that is longer than `longest` characters, no JSON any more,
 * or could not be made at all: then nothing may be sent.
 */
export function toWire(value: unknown, redact: Redact, longest: number): string | undefined {
  try {
    const text = redact(JSON.stringify(toPlain(value, redact)));
    JSON.parse(text);
    return text.length > longest ? undefined : text;
  } catch {
    return undefined;
  }
}
