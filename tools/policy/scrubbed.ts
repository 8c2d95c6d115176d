// JSON data without its secrets.

import type { Secrets } from './secrets.ts';

/** The same data, each of its texts scrubbed; the very same when there is nothing to scrub. */
export function scrubbed<T>(value: T, secrets: Pick<Secrets, 'find' | 'scrub'>): T {
  return secrets.find(JSON.stringify(value) ?? '') === undefined ? value : (cleaned(value, secrets) as T);
}

function cleaned(value: unknown, secrets: Pick<Secrets, 'scrub'>): unknown {
  if (typeof value === 'string') return secrets.scrub(value);
  if (Array.isArray(value)) return value.map((one) => cleaned(one, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cleaned(one, secrets)]));
}
