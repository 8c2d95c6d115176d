import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Stored } from '../bus.ts';
import { MemoryBus } from '../memory.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Check, checkStream } from './check.ts';
import { Ledger } from './ledger.ts';
import { markOf, readLedger } from './lines.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headcount-ledger-'));
  path = join(dir, 'ledger', '1.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const log = () => {};

async function busWith(count: number, text = (n: number) => `text ${n}`): Promise<MemoryBus> {
  const bus = new MemoryBus('acme', new VirtualClock({ start: 0 }));
  for (let n = 1; n <= count; n += 1) {
    const data = { text: text(n) };
    await bus.publish(`brain.m${n % 5}`, { id: `m${n}`, type: 'brain.mission', source: 'operator', data });
  }
  return bus;
}

async function all(bus: MemoryBus): Promise<Stored[]> {
  const found: Stored[] = [];
  for await (const stored of bus.replay({ filter: '>' })) found.push(stored);
  return found;
}

/** Writes a ledger of a stream, reopened after each of the given counts. */
async function note(bus: MemoryBus, ...cuts: number[]): Promise<void> {
  const stored = await all(bus);
  let from = 0;
  for (const to of [...cuts, stored.length]) {
    const ledger = await Ledger.open(path, log);
    for (const one of stored.slice(from, to)) ledger.seen(one);
    await ledger.close();
    from = to;
  }
}

async function pages() {
  const read = await readLedger(path);
  if (!read) throw new Error('there is no ledger');
  return read;
}

test('a ledger written by several processes, one after the other, vouches for the whole stream', async () => {
  const bus = await busWith(1_000);
  await note(bus, 1, 2, 300, 999);
  expect(markOf(await pages())).toBe(1_000);
  expect(await checkStream(bus, await pages(), true)).toEqual({ ok: true, from: 1, to: 1_000 });
});

test('a ledger that is behind the stream is normal', async () => {
  const bus = await busWith(50);
  await note(bus);
  await bus.publish('brain.x', { id: 'x', type: 'brain.mission', source: 'operator', data: { text: 'x' } });
  expect(await checkStream(bus, await pages(), false)).toMatchObject({ ok: true, to: 50 });
});

test('a line that a crash has cut counts for nothing, and is written again', async () => {
  const bus = await busWith(600);
  await note(bus);
  const whole = readFileSync(path, 'utf8');
  for (let cut = 1; cut < 50; cut += 7) {
    writeFileSync(path, whole.slice(0, -cut));
    const { links } = await pages();
    expect(links.at(-1)?.seq).toBe(512);
    await note(bus);
    expect(readFileSync(path, 'utf8')).toBe(whole);
  }
  appendFileSync(path, '{"seq":9');
  expect(await checkStream(bus, await pages(), true)).toMatchObject({ ok: true, to: 600 });
});

test('a line in the middle that is none is refused', async () => {
  await note(await busWith(600));
  const lines = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, [...lines.slice(0, 2), 'garbage', ...lines.slice(2)].join('\n'));
  await expect(readLedger(path)).rejects.toMatchObject({ code: 'LEDGER_DAMAGED', exit: 5 });
});

test.each([1, 37, 255, 256, 257, 599, 600])(
  'another message in the place of sequence %i is noticed in its line',
  async (bad) => {
    await note(await busWith(600), 100);
    const other = await busWith(600, (n) => (n === bad ? 'other' : `text ${n}`));
    const verdict = await checkStream(other, await pages(), true);
    if (verdict.ok) throw new Error('not noticed');
    const { firstBad, firstBadBy, kind } = verdict.damage;
    expect(kind).toBe('changed');
    expect(firstBad).toBeLessThanOrEqual(bad);
    expect(firstBadBy).toBeGreaterThanOrEqual(bad);
    expect(firstBadBy - firstBad).toBeLessThan(256);
  },
);

test('a stream that ends early is noticed, with the tasks that were written about since', async () => {
  const bus = await busWith(10);
  await note(bus);
  const ledger = await Ledger.open(path, log);
  for (const [index, stored] of (await all(bus)).entries()) {
    ledger.seen({ ...stored, seq: 11 + index, subject: `task.T${index % 3}` });
  }
  await ledger.close();
  expect(await checkStream(bus, await pages(), false)).toEqual({
    ok: false,
    damage: {
      kind: 'short',
      firstBad: 11,
      firstBadBy: 11,
      missing: 10,
      mark: 20,
      lastSeq: 10,
      tasks: ['T0', 'T1', 'T2'],
    },
  });
});

test('a ledger that starts over keeps the old one beside it', async () => {
  await note(await busWith(10));
  const ledger = await Ledger.open(path, log);
  await ledger.startOver('accepted', 5, 2);
  await ledger.close();
  expect(await pages()).toMatchObject({ beginning: { begins: 5, missing: 2 }, links: [] });
  expect(existsSync(`${path}.old-1`)).toBe(true);
});

test('only the end of a long stream is read, unless all of it is asked for', async () => {
  const bus = await busWith(12_000);
  await note(bus);
  const other = await busWith(12_000, (n) => (n === 40 ? 'other' : `text ${n}`));
  expect(await checkStream(other, await pages(), false)).toMatchObject({ ok: true, to: 12_000 });
  expect(await checkStream(other, await pages(), true)).toMatchObject({
    ok: false,
    damage: { firstBad: 1, firstBadBy: 256 },
  });
});

/** A message as somebody else may have spelled it. */
const otherwise = ({ message }: Stored, space = 1): Buffer => Buffer.from(JSON.stringify(message, undefined, space));

async function verdictOn(stored: readonly Stored[], bytes: (one: Stored) => Buffer | undefined) {
  const length = { lastSeq: stored.length, messages: stored.length };
  const check = new Check(await pages(), length, true);
  for (const one of stored) check.look(one, bytes(one));
  return check.verdict();
}

test('what the stream holds is compared byte for byte, whoever spelled it', async () => {
  const stored = await all(await busWith(300));
  const ledger = await Ledger.open(path, log);
  for (const one of stored) ledger.seen(one, otherwise(one));
  await ledger.close();
  expect(await verdictOn(stored, (one) => otherwise(one))).toMatchObject({ ok: true, to: 300 });
  const changed = await verdictOn(stored, (one) => otherwise(one, one.seq === 270 ? 2 : 1));
  expect(changed).toMatchObject({ ok: false, damage: { kind: 'changed', firstBad: 257, firstBadBy: 300 } });
});

test('a ledger written without the bytes vouches for messages that somebody else has spelled', async () => {
  const bus = await busWith(300);
  await note(bus);
  expect(await verdictOn(await all(bus), (one) => otherwise(one))).toMatchObject({ ok: true, to: 300 });
  const stored = await all(await busWith(300, (n) => `text ${n === 9 ? 'x' : n}`));
  expect(await verdictOn(stored, (one) => otherwise(one))).toMatchObject({ ok: false, damage: { firstBad: 1 } });
});

test('nothing is written while it is held, and what is forgotten then was never vouched for', async () => {
  const stored = await all(await busWith(600));
  await note(await busWith(100));
  const held = await Ledger.open(path, log);
  held.hold();
  for (const one of stored) held.seen(one);
  await held.close();
  expect(markOf(await pages())).toBe(100);
  const released = await Ledger.open(path, log);
  released.hold();
  for (const one of stored) released.seen(one);
  released.release();
  await released.close();
  expect(markOf(await pages())).toBe(600);
});
