// The state of a provider, shared by processes through the stream.

import { expect, test } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { START } from './fixture.ts';
import { follow } from './projections.ts';
import { Providers } from './providers.ts';

const busy = { reason: 'too many requests (429)', lasting: false };

/** Processes of one company, each with its own projection of the stream. */
async function processes(count: number) {
  let stop = true;
  const clock = new VirtualClock({ start: START, onIdle: () => stop });
  const bus = new MemoryBus('acme', clock);
  const all = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { board } = await follow(bus);
      return new Providers({ bus, clock, board, process: `p${index + 1}`, log: () => {} });
    }),
  );
  return {
    all,
    told: () => bus.stream.messages.filter(({ message }) => message.type === 'provider.changed'),
    async until(at: number) {
      stop = false;
      await clock.sleepUntil(at);
      stop = true;
    },
  };
}

test('a hundred calls of three processes that meet one outage are one notice', async () => {
  const { all, told } = await processes(3);
  const passes = await Promise.all(Array.from({ length: 100 }, (_, index) => all[index % 3]?.enter('anthropic')));
  await Promise.all(passes.map((pass) => pass?.failed(busy)));
  expect(told().map(({ message }) => message.data)).toMatchObject([{ state: 'throttled', turn: 1, failed: 1 }]);
  for (const one of all) expect(one.access('anthropic')).toMatchObject({ gate: 'closed', until: START + 15_000 });
  expect(await all[0]?.enter('anthropic')).toBeUndefined();
});

test('when it is due, one call of all processes is let through; its answer opens the provider for everybody', async () => {
  const { all, told, until } = await processes(3);
  await (await all[0]?.enter('anthropic'))?.failed(busy);
  await until(START + 15_000);
  const passes = await Promise.all(Array.from({ length: 30 }, (_, index) => all[index % 3]?.enter('anthropic')));
  const let_through = passes.filter((pass) => pass !== undefined);
  expect(let_through).toHaveLength(1);
  await let_through[0]?.answered();
  expect(told().map(({ message }) => message.type === 'provider.changed' && message.data.state)).toEqual([
    'throttled',
    'probing',
    'healthy',
  ]);
  for (const one of all) expect(one.access('anthropic')).toEqual({ gate: 'open' });
});

test('a probe that takes longer than it is waited for is heard all the same, in whichever process it was made', async () => {
  const { all, told, until } = await processes(2);
  const [one, other] = all;
  await (await one?.enter('anthropic'))?.failed(busy);
  await until(START + 15_000);
  const slow = await one?.enter('anthropic');
  await until(START + 135_000);
  const second = await other?.enter('anthropic');
  await slow?.answered();
  await second?.failed(busy);
  expect(told().map(({ message }) => message.type === 'provider.changed' && message.data.state)).toEqual([
    'throttled',
    'probing',
    'probing',
    'healthy',
  ]);
  for (const process of all) expect(process.access('anthropic')).toEqual({ gate: 'open' });
});

test('a call from before an outage that fails after it says nothing', async () => {
  const { all, told, until } = await processes(1);
  const [one] = all;
  const late = await one?.enter('anthropic');
  await (await one?.enter('anthropic'))?.failed(busy);
  await until(START + 15_000);
  await (await one?.enter('anthropic'))?.answered();
  await late?.failed(busy);
  expect(told()).toHaveLength(3);
  expect(one?.access('anthropic')).toEqual({ gate: 'open' });
});

test('a thousand that wait for a provider set one alarm, and all hear of it', async () => {
  const { all, until } = await processes(1);
  const [one] = all;
  let heard = 0;
  for (let index = 0; index < 1_000; index += 1) one?.onChange(() => (heard += 1));
  await (await one?.enter('anthropic'))?.failed(busy);
  expect(heard).toBe(1_000);
  await until(START + 15_000);
  expect(heard).toBe(2_000);
  expect(one?.access('anthropic')).toEqual({ gate: 'probe' });
});

test('providers do not share their trouble', async () => {
  const { all } = await processes(1);
  await (await all[0]?.enter('anthropic'))?.failed(busy);
  expect(all[0]?.access('openai')).toEqual({ gate: 'open' });
});
