import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { load, problemsOf, small } from '../tests/fixtures/company-file.ts';
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

test.each([
  ['retry: { step: 0s }', 'retry.step'],
  ['engines: { loop: { time: 0m } }', 'engines.loop.time'],
  ['engines: { claude: { time: 00s } }', 'engines.claude.time'],
  ['standing: { halfLife: 0d }', 'standing.halfLife'],
  ['standing: { benched: { for: 0d } }', 'standing.benched.for'],
  ['memory: { expires: 0w }', 'memory.expires'],
  ['models: { providers: { own: { kind: openai, timeout: 0ms } } }', 'models.providers.own.timeout'],
])('nothing is no limit, and is not taken for another one: %s', (line, path) => {
  expect(problemsOf(small(`${line}\n`))).toEqual([expect.stringContaining(`${path} "0`)]);
  expect(problemsOf(small(`${line}\n`)).join()).toContain('is no time at all; write 90s, 15m, 2h, 7d or 1w');
});

test('a wait before a retry, and the number of them, may be nothing', () => {
  const { roles } = load(small('retry: { waits: 0, backoff: { first: 0s, max: 0s } }\n'));
  expect(roles[0]?.policy).toMatchObject({ waits: 0, backoff: { firstMs: 0, maxMs: 0 } });
});
