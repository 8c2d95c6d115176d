import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from './launcher.ts';
import { readInfo, syncsAlways } from './ready.ts';

let root: string;
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'headcount-launcher-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

function freshStore(): string {
  count += 1;
  return join(root, `store-${count}`);
}

test('a server starts on a free loopback port with JetStream on, and is gone after stop', async () => {
  const server = await startServer({ storeDir: freshStore() });
  expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
  const info = await readInfo(server.url, 1_000);
  expect(info).toMatchObject({ jetstream: true, version: server.version });
  await server.stop();
  await server.stop();
  expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
  await expect(readInfo(server.url, 1_000)).rejects.toThrow('ECONNREFUSED');
});

test('messages above 1 MB are not accepted', async () => {
  const server = await startServer({ storeDir: freshStore() });
  const connection = await connect({ servers: server.url });
  expect(connection.info?.max_payload).toBe(1024 * 1024);
  await connection.close();
  await server.stop();
});

test.each([
  ['always', true],
  ['fast', false],
] as const)('with sync %s the server itself says that it syncs every write: %s', async (sync, synced) => {
  const storeDir = freshStore();
  const server = await startServer({ storeDir, sync });
  const ports = (await readdir(storeDir)).find((name) => name.endsWith('.ports')) ?? '';
  const { monitoring } = JSON.parse(await readFile(join(storeDir, ports), 'utf8'));
  expect(await syncsAlways(monitoring[0], AbortSignal.timeout(5_000))).toBe(synced);
  await server.stop();
});

test.each(['always', 'fast'] as const)(
  'a %s store keeps what was acknowledged when the server is killed',
  async (sync) => {
    const storeDir = freshStore();
    const first = await startServer({ storeDir, sync });
    const writer = await connect({ servers: first.url, reconnect: false });
    await (await writer.jetstreamManager()).streams.add({ name: 'S', subjects: ['s.>'] });
    await writer.jetstream().publish('s.1', 'kept');
    const closed = writer.closed();
    process.kill(first.pid, 'SIGKILL');
    await closed;
    await first.stop();

    const second = await startServer({ storeDir, sync, port: first.port });
    expect(second.port).toBe(first.port);
    const reader = await connect({ servers: second.url });
    const stored = await (await reader.jetstreamManager()).streams.getMessage('S', { last_by_subj: 's.1' });
    expect(stored.string()).toBe('kept');
    await reader.close();
    await second.stop();
  },
);

test('a taken port is named together with the next step', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(startServer({ storeDir: freshStore(), port })).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `port ${port} is taken by another program`,
    next: expect.stringContaining('choose another port'),
  });
  other.close();
});

test('a store that cannot be a folder is named', async () => {
  const storeDir = freshStore();
  await writeFile(storeDir, 'a file');
  await expect(startServer({ storeDir })).rejects.toMatchObject({
    code: 'STORE_NOT_WRITABLE',
    message: expect.stringContaining(storeDir),
  });
});

test('streams that cannot be stored are named', async () => {
  const storeDir = freshStore();
  await (await startServer({ storeDir })).stop();
  await rm(join(storeDir, 'jetstream'), { recursive: true });
  await writeFile(join(storeDir, 'jetstream'), 'a file');
  await expect(startServer({ storeDir })).rejects.toMatchObject({ code: 'STORE_NOT_WRITABLE' });
});

test('a second server on a store that is being served is refused with the address to join', async () => {
  const storeDir = freshStore();
  const server = await startServer({ storeDir });
  await expect(startServer({ storeDir })).rejects.toMatchObject({
    code: 'STORE_IN_USE',
    next: expect.stringContaining(`NATS_URL=${server.url}`),
  });
  await server.stop();
});

test('a server whose starter was killed is ended, and its store is served again', async () => {
  const storeDir = freshStore();
  const left = await startServer({ storeDir });
  const gone = spawn('true');
  await once(gone, 'exit');
  const path = join(storeDir, 'server.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), owner: gone.pid }));
  const next = await startServer({ storeDir, port: left.port });
  expect(await left.ended).toMatch(/SIGTERM|code/);
  expect(next.port).toBe(left.port);
  await next.stop();
});

test('an aborted start leaves no server behind', async () => {
  const stop = new AbortController();
  stop.abort(new Error('changed my mind'));
  await expect(startServer({ storeDir: freshStore(), signal: stop.signal })).rejects.toThrow('changed my mind');
});

test('what the server says goes to a log in the store', async () => {
  const storeDir = freshStore();
  await (await startServer({ storeDir })).stop();
  expect(await readFile(join(storeDir, 'server.log'), 'utf8')).toContain('Server is ready');
});
