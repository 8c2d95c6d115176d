import { afterEach, describe, expect, it, vi } from 'vitest';
import { LONGEST_WAIT_MS, retryAfterMsOf } from './retry-after.ts';

const now = Date.parse('2026-11-22T12:00:00Z');

afterEach(() => vi.unstubAllEnvs());

function asked(headers: Record<string, string>): number | undefined {
  return retryAfterMsOf(new Headers(headers), now);
}

describe('the wait that a provider asks for', () => {
  it.each([
    ['seconds', { 'retry-after': '20' }, 20_000],
    ['parts of a second', { 'retry-after': '0.5' }, 500],
    ['milliseconds first', { 'retry-after-ms': '1500', 'retry-after': '20' }, 1_500],
    ['a date', { 'retry-after': 'Sun, 22 Nov 2026 12:01:00 GMT' }, 60_000],
    [
      'a date against the clock of the answer',
      { 'retry-after': 'Sun, 22 Nov 2026 15:01:00 GMT', date: 'Sun, 22 Nov 2026 15:00:00 GMT' },
      60_000,
    ],
    ['an hour', { 'retry-after': '3600' }, LONGEST_WAIT_MS],
    ['a year, capped', { 'retry-after': '31536000' }, LONGEST_WAIT_MS],
    ['an absurd number, capped', { 'retry-after': '9'.repeat(400) }, LONGEST_WAIT_MS],
    ['a date in the past', { 'retry-after': 'Sun, 22 Nov 2020 12:00:00 GMT' }, undefined],
    ['less than nothing', { 'retry-after': '-5' }, undefined],
    ['no time at all', { 'retry-after': 'soon' }, undefined],
    ['nothing', {}, undefined],
    [
      'the reset of the limit that is used up',
      {
        'anthropic-ratelimit-requests-remaining': '40',
        'anthropic-ratelimit-requests-reset': '2026-11-22T12:30:00Z',
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': '2026-11-22T12:00:45Z',
      },
      45_000,
    ],
    [
      'the later of two limits that are used up',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '120ms',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      360_000,
    ],
  ])('can be %s', (_, headers, wait) => {
    expect(asked(headers)).toBe(wait);
  });

  it.each(['America/New_York', 'Asia/Kolkata'])('does not depend on where the machine is: %s', (zone) => {
    vi.stubEnv('TZ', zone);
    expect(new Date(now).getHours()).not.toBe(12);
    const dates = ['2026-11-22T12:30:00', '2026-11-22 12:30:00', '2026-11-22T12:30:00Z', '2026-11-22T13:30:00+01:00'];
    expect(dates.map((date) => asked({ 'retry-after': date }))).toEqual(dates.map(() => 1_800_000));
    expect(asked({ 'retry-after': 'Sun, 22 Nov 2026 12:30:00 GMT' })).toBe(1_800_000);
  });
});
