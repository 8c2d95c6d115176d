import { describe, expect, test } from 'vitest';
import { exportLines, readExport } from '../../bus/export.ts';
import { MemoryBus } from '../../bus/memory.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { busContract } from './bus.contract.ts';
import { goal, ids, Mail } from './mail.ts';
import { START } from './stage.ts';

busContract('memory bus', async () => {
  const clock = new VirtualClock({ start: START, serial: true });
  const world = {
    clock,
    bus: new MemoryBus('acme', clock),
    restart: async () => {
      await world.bus.close();
      world.bus = new MemoryBus('acme', clock, { stream: world.bus.stream });
      return world.bus;
    },
    destroy: () => world.bus.close(),
  };
  return world;
});

async function exported(bus: MemoryBus): Promise<string> {
  let text = '';
  for await (const line of exportLines(bus)) text += line;
  return text;
}

/** A small company: messages beget messages, some are put off, some left to themselves. */
async function company(): Promise<string> {
  const done = new Mail<void>();
  const clock = new VirtualClock({
    start: START,
    serial: true,
    onIdle: () => {
      if (clock.now() < START + 3_600_000) return false;
      done.put();
      return true;
    },
  });
  const bus = new MemoryBus('acme', clock);
  for (const durable of ['a', 'b', 'c']) {
    await bus.consume({ durable, filters: ['brain.>'], capacity: () => 2, ackWaitMs: 30_000 }, (delivery) =>
      clock.turn(async (turn) => {
        const { id } = delivery.message;
        await turn.sleepUntil(turn.now() + 1_000 * (id.length % 5));
        if (delivery.attempt === 1 && id.length % 3 === 0) return delivery.nak(7_000);
        if (delivery.attempt === 1 && id.length % 4 === 0) return;
        if (id.length < 8) await bus.publish(`brain.${durable}`, goal(`${id}${durable}`));
        delivery.ack();
      }),
    );
  }
  for (const id of ids(3)) await bus.publish('brain.start', goal(id));
  void clock.sleepUntil(START + 3_600_000);
  await done.next();
  const text = await exported(bus);
  await bus.close();
  return text;
}

describe('memory bus alone', () => {
  test('the same run writes the same stream, byte for byte', async () => {
    const first = await company();
    expect(first.split('\n').length).toBeGreaterThan(200);
    expect(await company()).toBe(first);
  });

  test('an export is loaded as the stream it was', async () => {
    const clock = new VirtualClock({ start: START });
    const bus = new MemoryBus('acme', clock);
    for (const id of ids(4)) await bus.publish(`brain.${id}`, goal(id));
    const text = await exported(bus);
    const loaded = MemoryBus.load('acme', clock, readExport(text));
    expect(await exported(loaded)).toBe(text);
    expect(await loaded.publish('brain.m1', goal('m1'))).toEqual({ seq: 1, duplicate: true });
  });

  test('an id is forgotten after the window, and still recognised by its expected sequence', async () => {
    const clock = new VirtualClock({ start: START });
    const bus = new MemoryBus('acme', clock, { dedupeWindowMs: 1_000 });
    await bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
    await clock.sleepUntil(START + 1_001);
    expect(await bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 })).toEqual({ seq: 1, duplicate: true });
    await bus.publish('brain.goal', goal('on top'));
    expect(await bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 })).toEqual({ seq: 1, duplicate: true });
    expect(await bus.publish('brain.goal', goal('a'))).toEqual({ seq: 3, duplicate: false });
  });

  test('taps see the order of the stream whatever a tap publishes', async () => {
    const bus = new MemoryBus('acme', new VirtualClock({ start: START }));
    const seen: string[] = [];
    await bus.tap({ filter: '>' }, ({ message }) => {
      if (message.id.length < 4) void bus.publish('brain.goal', goal(`${message.id}x`));
    });
    await bus.tap({ filter: '>' }, ({ message }) => void seen.push(message.id));
    await bus.publish('brain.goal', goal('a'));
    expect(seen).toEqual(['a', 'ax', 'axx', 'axxx']);
  });
});
