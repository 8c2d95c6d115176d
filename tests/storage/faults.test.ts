// What a store does to its company: each with a real server, whose files are changed while it is away.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from './damaged.ts';

let world: World;
beforeEach(async () => {
  world = await World.begin();
  const bus = await world.open();
  await World.publish(bus, 1, 1_000);
  await world.note(bus);
});
afterEach(() => world.end());

test('a store that nothing has happened to is whole, at its end and from its beginning', async () => {
  await world.meanwhile(async () => {});
  const bus = await world.open(true);
  expect(await world.check(bus)).toEqual({ ok: true, from: 1, to: 1_000 });
  await World.publish(bus, 1_001, 1_010);
  expect(await world.check(bus, true)).toEqual({ ok: true, from: 1, to: 1_000 });
});

test('F17: a truncated store is noticed, with the first sequence that is lost', async () => {
  await world.meanwhile(() => world.truncateBlock());
  const bus = await world.open(true);
  const verdict = await world.check(bus);
  if (verdict.ok) throw new Error('not noticed');
  const { lastSeq } = await bus.info();
  expect(verdict.damage.missing).toBeGreaterThan(100);
  expect(verdict.damage.mark).toBe(1_000);
  expect(verdict.damage.firstBad).toBeLessThanOrEqual(lastSeq + 1);
});

test.each(['with', 'without'])('F18: one flipped bit is noticed, %s the index of the server', async (index) => {
  await world.meanwhile(async () => {
    await world.flipBit();
    if (index === 'without') await world.dropIndex();
  });
  const bus = await world.open(true);
  const verdict = await world.check(bus);
  if (verdict.ok) throw new Error('not noticed');
  expect(verdict.damage.firstBadBy).toBeGreaterThan(400);
  expect(verdict.damage.firstBad).toBeLessThan(600);
});

test('F19: a store rolled back is noticed, also after others were written in the place of what was lost', async () => {
  const copy = join(world.dir, 'copy');
  await world.meanwhile(() => world.copyTo(copy));
  let bus = await world.open(true);
  await World.publish(bus, 1_001, 1_050);
  await world.note(bus);
  await world.meanwhile(async () => {
    await rm(join(world.store, 'jetstream'), { recursive: true });
    const { cp } = await import('node:fs/promises');
    await cp(copy, join(world.store, 'jetstream'), { recursive: true });
  });
  bus = await world.open(true);
  const short = await world.check(bus);
  expect(short).toMatchObject({ ok: false, damage: { kind: 'short', firstBad: 1_001, missing: 50, lastSeq: 1_000 } });
  await World.publish(bus, 2_001, 2_100, 'y');
  const reused = await world.check(bus);
  expect(reused).toMatchObject({ ok: false, damage: { kind: 'changed', firstBad: 1_001 } });
});

test('a stream that was there and is gone is not made again', async () => {
  await world.meanwhile(() => rm(world.streamDir, { recursive: true }));
  await expect(world.open(true)).rejects.toMatchObject({ code: 'STREAM_GONE', exit: 5 });
});
