// How long a provider asks to be left alone. Pure: the waiting is the provider chart's (machines/provider.ts).

import { providerPolicy } from '../../machines/policy.ts';

/** A provider that names a later time than this is asked again after it all the same: the cap of its chart. */
export const LONGEST_WAIT_MS = providerPolicy.longestMs;

function capped(ms: number): number {
  return Math.min(ms, LONGEST_WAIT_MS);
}

type Headers = { get(name: string): string | null };

/**
 * How long a provider asks to wait, ms, capped; undefined when it does not say, or nothing that can be read.
 * Looks at `retry-after-ms`, `retry-after` (seconds or a date), then at the reset times of the limits that are used up
 * (`anthropic-ratelimit-*`, `x-ratelimit-*`); the latest of these counts.
 * @param now epoch ms; dates are compared with the answer's own `date` where it has one, as clocks differ
 */
export function retryAfterMsOf(headers: Headers, now: number): number | undefined {
  const here = instantOf(headers.get('date')) ?? now;
  const asked =
    positive(numberOf(headers.get('retry-after-ms'))) ??
    positive(waitOf(headers.get('retry-after'), here)) ??
    latest(limits.map((limit) => resetOf(headers, limit, here)));
  return asked === undefined ? undefined : capped(asked);
}

type Limit = { readonly remaining: string; readonly reset: string };

const limits: readonly Limit[] = [
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].map((what) => ({
    remaining: `anthropic-ratelimit-${what}-remaining`,
    reset: `anthropic-ratelimit-${what}-reset`,
  })),
  ...['requests', 'tokens'].map((what) => ({
    remaining: `x-ratelimit-remaining-${what}`,
    reset: `x-ratelimit-reset-${what}`,
  })),
];

function resetOf(headers: Headers, { remaining, reset }: Limit, here: number): number | undefined {
  return numberOf(headers.get(remaining)) === 0 ? positive(waitOf(headers.get(reset), here)) : undefined;
}

/** Seconds (`3600`, `1.5`), a duration (`6m0s`, `120ms`) or a date, as a wait in ms. */
function waitOf(text: string | null, here: number): number | undefined {
  const seconds = numberOf(text);
  if (seconds !== undefined) return seconds * 1_000;
  const duration = durationOf(text);
  if (duration !== undefined) return duration;
  const at = instantOf(text);
  return at === undefined ? undefined : at - here;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationOf(text: string | null): number | undefined {
  if (!text || !/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\s*-?\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

/** A date without a zone is one of UTC, wherever this machine is. */
function instantOf(text: string | null): number | undefined {
  const zoneless = text !== null && /^\d{4}-\d\d-\d\d[T ][\d:.]+$/.test(text);
  const at = text === null ? Number.NaN : Date.parse(zoneless ? `${text.replace(' ', 'T')}Z` : text);
  return Number.isNaN(at) ? undefined : at;
}

function positive(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 ? ms : undefined;
}

function latest(waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}
