import { expect, test } from 'vitest';
import type { Bus } from '../bus/bus.ts';
import { RealClock } from '../bus/clock.ts';
import { MemoryBus } from '../bus/memory.ts';
import { benchOrg } from '../tests/bench/company.ts';
import { followCompany } from './following.ts';

/** The second milestone of a name breaks I22. */
async function reach(bus: Bus, count: number): Promise<void> {
  const data = { name: 'launch', text: 'live' };
  await bus.publish('brain.milestone', { id: `milestone.${count}`, type: 'brain.milestone', source: 'ops', data });
}

/** Resolves with the next word of the audit. */
function word(bus: Bus): Promise<void> {
  return new Promise((resolve, reject) => {
    bus.tap({ filter: 'audit.>' }, () => resolve()).catch(reject);
  });
}

async function about(bus: Bus): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { message } of bus.replay({ filter: 'audit.>' })) {
    if (message.type === 'audit.violated') found.push(message.data.seq);
  }
  return found;
}

/** A company that runs, whose audit has judged the past: in it, sequence 2 breaks a rule. */
async function audited() {
  // The past is judged a second after the opening.
  const clock = new RealClock(1_000);
  const bus = new MemoryBus('acme', clock);
  await reach(bus, 1);
  await reach(bus, 2);
  const first = word(bus);
  const following = await followCompany({ org: benchOrg(), bus, clock, log: () => {} });
  following.open();
  await first;
  return { bus, close: () => following.projections.close() };
}

test('what breaks a rule is told when the round in which it came is over, not in it', async () => {
  const { bus, close } = await audited();
  const next = word(bus);
  await reach(bus, 3);
  await reach(bus, 4);
  expect(await about(bus)).toEqual([2]);
  await next;
  expect(await about(bus)).toEqual([2, 4, 5]);
  await close();
});

test('a company that closes has told what was wrong in the last message that it heard', async () => {
  const { bus, close } = await audited();
  await reach(bus, 3);
  await close();
  expect(await about(bus)).toEqual([2, 4]);
});
