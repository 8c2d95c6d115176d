import { expect, test } from 'vitest';
import { Window } from './window.ts';

function opened(size: number) {
  const begun: number[] = [];
  const window = new Window<{ readonly n: number }>(size, ({ n }) => begun.push(n));
  const items = [1, 2, 3, 4].map((n) => ({ n }));
  for (const item of items) window.add(item);
  const take = (n: number) => window.remove({ n });
  return { begun, window, take };
}

test('what does not fit waits in line, and begins in order as others end', () => {
  const { begun, window, take } = opened(2);
  expect([begun, window.count]).toEqual([[1, 2], 4]);
  expect(take(2)).toBe(true);
  expect(begun).toEqual([1, 2, 3]);
  expect(window.underWay()).toEqual([{ n: 1 }, { n: 3 }]);
  take(1);
  expect([begun, window.first, window.count]).toEqual([[1, 2, 3, 4], { n: 3 }, 2]);
});

test('what was taken out is not taken out again', () => {
  const { begun, take } = opened(1);
  expect([take(1), take(1), take(3)]).toEqual([true, false, false]);
  expect(begun).toEqual([1, 2]);
});

test('cleared, it holds nothing, and says what it held', () => {
  const { window } = opened(2);
  expect(window.clear().map(({ n }) => n)).toEqual([1, 2, 3, 4]);
  expect([window.count, window.first]).toEqual([0, undefined]);
});
