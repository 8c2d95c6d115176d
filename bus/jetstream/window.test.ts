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

test('after many have come and gone, what is under way is still there, oldest first', () => {
  const window = new Window<{ readonly n: number }>(10, () => {});
  window.add({ n: 0 });
  for (let n = 1; n <= 1_000; n += 1) {
    window.add({ n });
    if (n % 100 !== 0) expect(window.remove({ n })).toBe(true);
    else if (n > 500) expect(window.remove({ n: n - 500 })).toBe(true);
  }
  expect(window.underWay().map(({ n }) => n)).toEqual([0, 600, 700, 800, 900, 1_000]);
  expect([window.first, window.get(700), window.get(200)]).toEqual([{ n: 0 }, { n: 700 }, undefined]);
});
