import { expect, test } from 'vitest';
import { Timers } from './timers.ts';

test('timers come out as they fall due, those of one instant in the order they were set, and cancelled ones never', () => {
  const timers = new Timers();
  const woken: string[] = [];
  const instants = Array.from({ length: 500 }, (_, index) => (index * 7919) % 97);
  const set = instants.map((at, index) => timers.set(at, () => void woken.push(`${at} ${index}`)));
  for (const [index, timer] of set.entries()) if (index % 3 === 0) timers.cancel(timer);
  const expected = instants
    .map((at, index) => ({ at, index }))
    .filter(({ index }) => index % 3 !== 0)
    .sort((a, b) => a.at - b.at || a.index - b.index)
    .map(({ at, index }) => `${at} ${index}`);
  for (let timer = timers.take(); timer; timer = timers.take()) timer.wake();
  expect(woken).toEqual(expected);
  expect(timers.empty).toBe(true);
});

test('a timer that was taken can be cancelled without harm', () => {
  const timers = new Timers();
  const timer = timers.set(1, () => {});
  timers.set(2, () => {});
  timers.take();
  timers.cancel(timer);
  expect(timers.empty).toBe(false);
});
