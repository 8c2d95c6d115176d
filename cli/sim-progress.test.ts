import { expect, test } from 'vitest';
import { createProgress } from './sim-progress.ts';

const sound = { violations: [] };

function watched(terminal: { isTTY: boolean; json?: boolean }) {
  let written = '';
  let now = 5_000;
  const err = (text: string) => {
    written += text;
  };
  const progress = createProgress(1_500, { json: false, ...terminal, err, now: () => now });
  return {
    progress,
    written: () => written,
    /** A run that ends this many seconds later. */
    ran: (seconds: number) => {
      now += seconds * 1_000;
      progress.ran(sound);
    },
  };
}

test('a log gets a plain line every ten seconds at most, and none for what is over sooner', () => {
  const { progress, ran, written } = watched({ isTTY: false });
  for (let n = 0; n < 9; n += 1) ran(1);
  expect(written()).toBe('');
  ran(1);
  for (let n = 0; n < 19; n += 1) ran(0.5);
  expect(written()).toBe('10 of 1 500 runs, 0 with violations, 10 s\n');
  ran(1.5);
  progress.shrinking(7, 3, 40);
  ran(54);
  progress.done();
  expect(written().split('\n').slice(1)).toEqual([
    '30 of 1 500 runs, 0 with violations, 21 s',
    '31 of 1 500 runs, 0 with violations, 75 s',
    '',
  ]);
});

test('a terminal has one line that is written over, and nothing when it is done', () => {
  const { progress, ran, written } = watched({ isTTY: true });
  ran(0.1);
  ran(0.1);
  progress.done();
  const line = '\r\u001b[K';
  expect(written()).toBe(`${line}1 of 1 500 runs, 0 with violations${line}2 of 1 500 runs, 0 with violations${line}`);
});

test('with --json nobody reads along', () => {
  const { progress, ran, written } = watched({ isTTY: false, json: true });
  ran(60);
  progress.done();
  expect(written()).toBe('');
});
