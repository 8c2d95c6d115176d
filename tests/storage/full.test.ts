// A disk without room: nothing is lost, nothing is written twice, and it goes on by itself.

import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { RealClock } from '../../bus/clock.ts';
import type { StreamHealth } from '../../bus/jetstream/guard.ts';
import { type JetStreamBus, openJetStreamBus } from '../../bus/jetstream.ts';
import { Mail } from '../contract/mail.ts';
import { type Ballast, loadBallast, type RawServer, rawServer, small } from './raw-server.ts';

const ending: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function opened(server: RawServer, watched = true): Promise<{ bus: JetStreamBus; health: Mail<StreamHealth> }> {
  const health = new Mail<StreamHealth>();
  const bus = await openJetStreamBus({
    servers: server.url,
    company: 'acme',
    clock: new RealClock(),
    owner: { workspace: '/home/ada/shop', kind: 'company' },
    silentMs: 2_000,
    ...(watched ? { onHealth: health.put } : {}),
  });
  ending.push(() => bus.close());
  return { bus, health };
}

/** Something that takes up room. */
async function ballast(url: string): Promise<Ballast> {
  const loaded = await loadBallast(url);
  ending.push(loaded.close);
  return loaded;
}

const mission = (n: number) => {
  const data = { text: `${n} ${'x'.repeat(1_000)}` };
  return { id: `m${n}`, type: 'brain.mission', source: 'operator', data } as const;
};

async function heldBy(bus: JetStreamBus): Promise<string[]> {
  const ids: string[] = [];
  for await (const { message } of bus.replay({ filter: '>' })) ids.push(message.id);
  return ids;
}

test('F20: what a full disk refuses is kept, said once, and stored once when there is room', async () => {
  const server = await rawServer(small);
  ending.push(server.end);
  const { bus, health } = await opened(server);
  const { fill, free } = await ballast(server.url);
  await fill(1_900_000);
  const all = Array.from({ length: 300 }, (_, index) => bus.publish(`brain.m${index % 7}`, mission(index)));
  expect(await health.next()).toMatchObject({ state: 'full', reason: expect.stringContaining('full') });
  await free();
  expect(await health.next()).toEqual({ state: 'sound' });
  const stored = await Promise.all(all);
  expect(new Set(stored.map(({ seq }) => seq)).size).toBe(300);
  expect((await heldBy(bus)).sort()).toEqual(Array.from({ length: 300 }, (_, index) => `m${index}`).sort());
  expect(health.waiting).toBe(0);
});

test('a compare-and-set write that a full disk has refused is neither lost nor taken for somebody else', async () => {
  const server = await rawServer(small);
  ending.push(server.end);
  const { bus, health } = await opened(server);
  const { fill, free } = await ballast(server.url);
  const first = await bus.publish('task.T1', mission(1), { expectedLastSeq: 0 });
  await fill(2_100_000).catch(() => {});
  const second = bus.publish('task.T1', mission(2), { expectedLastSeq: first.seq });
  expect((await health.next()).state).toBe('full');
  await free();
  const { seq } = await second;
  await expect(bus.publish('task.T1', mission(3), { expectedLastSeq: first.seq })).rejects.toMatchObject({
    code: 'STALE_WRITE',
  });
  expect((await bus.last('task.T1'))?.seq).toBe(seq);
});

test('a reader that nobody told to wait hears at once that the disk is full', async () => {
  const server = await rawServer(small);
  ending.push(server.end);
  const { bus } = await opened(server, false);
  const { fill } = await ballast(server.url);
  await fill(2_100_000).catch(() => {});
  await expect(bus.publish('brain.x', mission(1))).rejects.toMatchObject({ code: 'STORAGE_FULL', exit: 5 });
});

test('a bus that is closed while the disk is full refuses what it holds', async () => {
  const server = await rawServer(small);
  ending.push(server.end);
  const { bus, health } = await opened(server);
  const { fill } = await ballast(server.url);
  await fill(2_100_000).catch(() => {});
  const held = expect(bus.publish('brain.x', mission(1))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect((await health.next()).state).toBe('full');
  await bus.close();
  await held;
});

test('whoever gives up what a full disk does not take is refused at once, also what is written afterwards', async () => {
  const server = await rawServer(small);
  ending.push(server.end);
  const { bus, health } = await opened(server);
  const { fill, free } = await ballast(server.url);
  await fill(2_100_000).catch(() => {});
  const held = expect(bus.publish('brain.x', mission(1))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect((await health.next()).state).toBe('full');
  bus.giveUp();
  await held;
  await expect(bus.publish('brain.x', mission(2))).rejects.toMatchObject({ code: 'STORAGE_FULL', exit: 5 });
  await free();
});

/** A file system of 6 MB, where the machine lets us make one. */
function mounted(dir: string): boolean {
  mkdirSync(dir, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', dir], { stdio: 'ignore' });
    ending.push(() => void execFileSync('umount', ['-l', dir], { stdio: 'ignore' }));
    return true;
  } catch {
    return false;
  }
}

test('F21: a disk that is full although the server thinks it has room is noticed, and nothing acknowledged is lost', async (context) => {
  const dir = `/tmp/headcount-full-${process.pid}`;
  ending.push(() => rmSync(dir, { recursive: true, force: true }));
  if (!mounted(dir)) context.skip('no file system can be mounted here');
  const server = await rawServer(() => `jetstream {\n max_file_store: 1GB\n store_dir: "${dir}"\n}`);
  ending.push(server.end);
  const { bus, health } = await opened(server);
  await bus.publish('brain.first', mission(0));
  writeFileSync(join(dir, 'ballast'), Buffer.alloc(5_800_000));
  const all = Array.from({ length: 400 }, (_, index) => bus.publish('brain.m', mission(index + 1)));
  const { state } = await health.next();
  expect(['full', 'silent']).toContain(state);
  rmSync(join(dir, 'ballast'));
  // Once a write has failed, 2.15 confirms nothing more until it is started again.
  if (state === 'silent') await server.again();
  expect(await health.next()).toEqual({ state: 'sound' });
  await Promise.all(all);
  const held = await heldBy(bus);
  expect(held.length).toBe(401);
  expect(new Set(held).size).toBe(401);
});

/** Stops a process; resolves when all of it stands still, which on a busy machine is later than the signal. */
async function suspend({ pid = 0 }: ChildProcess): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const stat = `/proc/${pid}/stat`;
  while (existsSync(stat) && !/\) T /.test(readFileSync(stat, 'utf8'))) await wait(5);
}

test('F21: a server that answers nothing any more is told as silent, and goes on when it does', async () => {
  const server = await rawServer((dir) => `jetstream {\n store_dir: "${dir}/store"\n}`);
  ending.push(server.end);
  const { bus, health } = await opened(server);
  await bus.publish('brain.first', mission(0));
  await suspend(server.child);
  const late = bus.publish('brain.late', mission(1));
  expect((await health.next()).state).toBe('silent');
  server.child.kill('SIGCONT');
  expect(await health.next()).toEqual({ state: 'sound' });
  await late;
  expect(await heldBy(bus)).toEqual(['m0', 'm1']);
});
