import { expect, test } from 'vitest';
import { Gate } from './gate.ts';

/** Lets `count` wait at a gate; the numbers of those inside, in the order they came in. */
function crowd(count: number) {
  const gate = new Gate();
  const inside: { n: number; leave: () => void }[] = [];
  const all = Array.from({ length: count }, async (_, n) => {
    inside.push({ n, leave: await gate.enter() });
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { inside, all, settle };
}

test('a few are let in at once, in the order they came', async () => {
  const { inside, settle } = crowd(100);
  await settle();
  expect(inside.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('each who leaves makes room for two', async () => {
  const { inside, settle } = crowd(100);
  await settle();
  inside[0]?.leave();
  await settle();
  expect(inside.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('leaving twice makes room once', async () => {
  const { inside, settle } = crowd(100);
  await settle();
  inside[0]?.leave();
  inside[0]?.leave();
  await settle();
  expect(inside).toHaveLength(10);
});

test('everybody gets in, and never more than 256 are inside', async () => {
  const { inside, all, settle } = crowd(2_000);
  let left = 0;
  let most = 0;
  while (left < 2_000) {
    await settle();
    most = Math.max(most, inside.length - left);
    const now = inside.length;
    for (; left < now; left += 1) inside[left]?.leave();
  }
  await Promise.all(all);
  expect(inside.map(({ n }) => n)).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
  expect(most).toBe(256);
});
