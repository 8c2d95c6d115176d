import { expect, test } from 'vitest';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { startsAgain } from './stuck-server.ts';

const silent = { state: 'silent', reason: 'it confirms nothing' } as const;
const full = { state: 'full', reason: 'no room' } as const;

function world() {
  const clock = new VirtualClock({ start: 0 });
  const restarts: number[] = [];
  const stuck = startsAgain(clock, async () => void restarts.push(clock.now() / 1000));
  return { clock, restarts, stuck };
}

test('a silent server is started again, and again while it stays silent', async () => {
  const { clock, restarts, stuck } = world();
  stuck.hear(silent);
  await clock.sleepUntil(70_000);
  stuck.hear({ state: 'sound' });
  await clock.sleepUntil(200_000);
  expect(restarts).toEqual([0, 30, 60]);
});

test('a server that says what is wrong, and one that is being closed, are left alone', async () => {
  const { clock, restarts, stuck } = world();
  stuck.hear(full);
  await clock.sleepUntil(100_000);
  expect(restarts).toEqual([]);
  stuck.hear(silent);
  stuck.close();
  await clock.sleepUntil(200_000);
  expect(restarts).toEqual([100]);
});
