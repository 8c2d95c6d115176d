import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCadence, formatDuration, parseCadence, parseDuration } from './duration.ts';

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    ['0s', 0],
    ['90', undefined],
    ['1.5h', undefined],
    ['-5m', undefined],
    ['5 m', undefined],
    ['5M', undefined],
    ['999999999999w', undefined],
    ['', undefined],
  ])('%s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test('survives being written and read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000_000_000 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
    expect(formatDuration(604_800_000)).toBe('1w');
    expect(formatDuration(90_000)).toBe('90s');
  });
});

describe('a cadence', () => {
  test.each(['0 9 * * 1', '*/15 * * * *', '@daily', '0 9 * * THU'])('%s is a cron expression', (text) => {
    expect(parseCadence(text)).toEqual({ cron: text });
  });

  test.each([
    '',
    '* * *',
    '* * * * * *',
    'H * * * *',
    'H(0-29) * * * *',
    '60 * * * *',
    '0 0 30 2 *',
    '500ms',
    '@reboot',
    'soon',
  ])('%j is none', (text) => {
    expect(parseCadence(text)).toHaveProperty('problem');
  });

  test('is said in words', () => {
    expect(formatCadence({ every: 300_000 })).toBe('every 5m');
    expect(formatCadence({ cron: '0 9 * * 1' })).toBe('cron 0 9 * * 1');
  });
});
