import { expect, test } from 'vitest';
import type { Delivery } from '../bus.ts';
import type { Turn } from '../clock.ts';
import { MemoryBus } from '../memory.ts';
import { type Draft, seal } from '../messages.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { createHabits, faultKinds } from './habits.ts';
import { patient } from './patience.ts';
import { MemoryStream } from './stream.ts';

const START = Date.UTC(2030, 0, 1);
const MINUTE = 60_000;

/** Mulberry32: the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function metric(id: string): Draft<'brain.metric'> {
  return { id, type: 'brain.metric', source: 'test', data: { name: id, value: 1 } };
}

type Run = {
  text: string;
  struck: ReadonlyMap<string, number>;
  answered: Set<string>;
  handled: number;
  atRest: boolean;
};

/**
 * Two processes: each question is answered on a subject of its own, under an expected sequence, before it is settled. After
 * three hours everything is healed.
 */
async function run(seed: number, kinds: readonly string[], questions = 60, rate = 0.1): Promise<Run> {
  let over = false;
  let ended = () => {};
  const finished = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const stream = new MemoryStream();
  const virtual: VirtualClock = new VirtualClock({
    start: START,
    serial: true,
    onIdle: (): boolean => {
      if (virtual.now() > START + 600 * MINUTE) ended();
      return over || virtual.now() > START + 600 * MINUTE;
    },
  });
  const { clock, wait } = patient(virtual);
  const habits = createHabits(kinds, seeded(seed), { rate });
  const answered = new Set<string>();
  let handled = 0;
  const buses = [0, 1].map(() => new MemoryBus('acme', clock, { stream, habits, wait }));
  for (const [index, bus] of buses.entries()) {
    await bus.tap(
      { filter: 'brain.answer.>', fromSeq: 1 },
      ({ message }) => void (index === 0 && answered.add(message.id)),
    );
    const answer = async (delivery: Delivery, turn: Turn) => {
      handled += 1;
      await turn.sleepUntil(turn.now() + MINUTE / 2);
      const { id } = delivery.message;
      bus.tell('agent.state', metric(`tell-${index}-${id}-${delivery.attempt}`));
      await bus.publish(`brain.answer.${id}`, metric(`answer-${id}`), { expectedLastSeq: 0 });
      delivery.ack();
    };
    await bus.consume(
      { durable: 'desk', filters: ['brain.question'], capacity: () => 3, ackWaitMs: MINUTE },
      (delivery) => clock.turn((turn) => answer(delivery, turn)),
    );
  }
  const ask = async (id: string) => {
    for (;;) {
      try {
        await buses[0]?.publish('brain.question', metric(id));
        return;
      } catch {
        await clock.sleepUntil(clock.now() + MINUTE);
      }
    }
  };
  for (let n = 1; n <= questions; n += 1) {
    await ask(`q${n}`);
    await clock.sleepUntil(START + n * 3 * MINUTE);
  }
  habits.calm();
  await clock.sleepUntil(clock.now() + 60 * MINUTE);
  over = true;
  ended();
  await finished;
  const [desk] = [...stream.durables.values()];
  const atRest = desk !== undefined && desk.unsettled.size === 0 && desk.pending(stream) === 0;
  for (const bus of buses) await bus.close();
  const text = stream.messages.map((stored) => JSON.stringify(stored)).join('\n');
  return { text, struck: habits.struck, answered, handled, atRest };
}

test('the same seed writes the same stream, byte for byte, and another seed another one', async () => {
  const first = await run(7, faultKinds);
  expect((await run(7, faultKinds)).text).toBe(first.text);
  expect((await run(8, faultKinds)).text).not.toBe(first.text);
});

test('every kind strikes, and is counted', async () => {
  const { struck } = await run(3, faultKinds, 200, 0.2);
  expect([...struck.keys()].sort()).toEqual([...faultKinds].sort());
});

test.each([...faultKinds, 'all'])('once calm, all is answered exactly once and settled: %s', async (kind) => {
  let times = 0;
  for (const seed of [1, 2, 3]) {
    const { answered, text, atRest, struck } = await run(seed, kind === 'all' ? faultKinds : [kind]);
    const answers = text.split('\n').filter((line) => line.includes('"subject":"brain.answer.'));
    expect(answers).toHaveLength(60);
    expect(answered.size).toBe(60);
    expect(atRest).toBe(true);
    times += struck.get(kind) ?? 0;
  }
  if (kind !== 'all') expect(times).toBeGreaterThan(0);
});

test('without kinds of a stream nothing strikes, and each message is handled once', async () => {
  const { struck, handled } = await run(1, ['crash', '429', 'no such fault'], 60, 1);
  expect([struck.size, handled]).toEqual([0, 60]);
});

test('a turn that waits for a write lets time pass, and several waits of one turn are one', async () => {
  const virtual = new VirtualClock({ start: START, serial: true });
  const { clock, wait } = patient(virtual);
  const order: string[] = [];
  const waiting = clock.turn(async (turn) => {
    await Promise.all([wait(START + 1_000), wait(START + 3_000)]);
    order.push(`back at ${turn.now() - START}`);
    await turn.pause(() => wait(START + 5_000));
    order.push(`back at ${turn.now() - START}`);
  });
  const other = clock.turn(async (turn) => {
    await turn.sleepUntil(START + 2_000);
    order.push(`other at ${turn.now() - START}`);
  });
  await Promise.all([waiting, other]);
  expect(order).toEqual(['other at 2000', 'back at 3000', 'back at 5000']);
});

test('what has begun is over once it is calm, and nothing strikes any more', () => {
  const habits = createHabits(faultKinds, () => 0, { rate: 1 });
  const stored = { seq: 1, subject: 'brain.a', message: seal('brain.a', metric('a'), START) };
  expect(habits.publish(stored.message, START)).toBe('unconfirmed');
  habits.calm();
  const before = [...habits.struck];
  expect(habits.cutUntil(START)).toBeUndefined();
  expect(habits.publish(stored.message, START)).toBe('stored');
  expect([habits.delayMs(stored, 'a'), habits.tapLagMs(stored), habits.redeliver(stored, 'a')]).toEqual([
    0,
    0,
    undefined,
  ]);
  const others = [
    habits.reorder('a'),
    habits.dropTell(stored.message),
    habits.loseAck(stored, 'a'),
    habits.forgetIds(),
  ];
  expect([...others, habits.staleAck(stored, 'a')]).toEqual([false, false, false, false, false]);
  expect([...habits.struck]).toEqual(before);
});
