// What is said of a company whose store was damaged while nobody ran it: a real nats-server, whose files are changed between.

import { appendFileSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealClock } from '../bus/clock.ts';
import { type JetStreamBus, openJetStreamBus } from '../bus/jetstream.ts';
import { startServer } from '../bus/server/launcher.ts';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { ledgersDir } from './ledgers.ts';
import { main } from './main.ts';
import { storeDirOf, writeRunFile } from './run-file.ts';
import { noteAll } from './storage.ts';

let workspace = '';
const streams = () => join(storeDirOf(workspace), 'jetstream', '$G', 'streams');
const block = () => join(streams(), 'ACME', 'msgs', '1.blk');

async function served(use: (bus: JetStreamBus, url: string) => Promise<void>): Promise<void> {
  const server = await startServer({ storeDir: storeDirOf(workspace), sync: 'fast' });
  const owner = { workspace, kind: 'company' } as const;
  const bus = await openJetStreamBus({ servers: server.url, company: 'acme', clock: new RealClock(), owner });
  try {
    await use(bus, server.url);
  } finally {
    await bus.close();
    await server.stop();
  }
}

async function publish(bus: JetStreamBus, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) {
    const data = { text: `mission ${n}` };
    await bus.publish(`brain.m${n}`, { id: `m${n}`, type: 'brain.mission', source: 'operator', data });
  }
}

/** As one line, however it was broken. */
const flat = (text: string) => text.replace(/\s+/g, ' ');

async function headcount(line: string, more: Record<string, string> = {}) {
  const argv = line.split(' ');
  const env = {
    ...more,
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
  };
  const terminal = openTerminal(argv, { cwd: workspace, env, now: Date.now() });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), out: terminal.stdout(), err: terminal.stderr() };
}

beforeEach(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'headcount-store-'));
  await served(async (bus) => {
    await publish(bus, 1, 40);
    await noteAll(bus, workspace, 'a test', () => {});
  });
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

function flipBit(): void {
  const bytes = readFileSync(block());
  const at = bytes.indexOf('mission 20');
  writeSync(openSync(block(), 'r+'), Buffer.from('mission 99'), 0, 10, at);
}

const damages = {
  truncated: () => truncateSync(block(), Math.floor(readFileSync(block()).length / 2)),
  changed: flipBit,
};

test('a sound store is told of by nothing', async () => {
  const { code, out } = await headcount('status');
  expect([code, out]).toEqual([0, expect.not.stringContaining('STORE')]);
});

test.each(Object.entries(damages))('a store that was %s is the first problem, with the ways out', async (_, damage) => {
  damage();
  const { code, out } = await headcount('status');
  expect(code).toBe(5);
  const [, heading, ...rest] = out.split('\n');
  expect(heading).toContain('STORE');
  expect(flat(rest.join(' '))).toMatch(/the stream of acme is not what it was: .*(the first is|beginning with)/);
  for (const way of ['headcount verify', 'headcount restore <file>', 'headcount verify --accept'])
    expect(out).toContain(way);
  const { storage } = JSON.parse((await headcount('status --json')).out);
  expect(storage).toMatchObject({ code: 'STREAM_DAMAGED', said: expect.stringContaining('acme') });
});

test('a store that was rolled back is the first problem', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'headcount-copy-'));
  cpSync(storeDirOf(workspace), copy, { recursive: true });
  await served(async (bus) => {
    await publish(bus, 41, 60);
    await noteAll(bus, workspace, 'a test', () => {});
  });
  rmSync(storeDirOf(workspace), { recursive: true });
  cpSync(copy, storeDirOf(workspace), { recursive: true });
  rmSync(copy, { recursive: true });
  expect(await headcount('status')).toMatchObject({ code: 5, out: expect.stringContaining('it ends at sequence 40') });
});

test('of a stream that is gone every reader says what it held, and how it comes back', async () => {
  rmSync(join(streams(), 'ACME'), { recursive: true });
  for (const line of ['status', 'tasks', 'status --company acme']) {
    const { code, err } = await headcount(line);
    expect([line, code, err]).toEqual([line, 5, expect.stringMatching(/it is gone, and held 40[\s\S]*restore <file>/)]);
  }
  expect((await headcount('status --company acme-7')).err).toContain('no company acme-7');
});

test('a ledger that cannot be read is a problem, and the company is shown all the same', async () => {
  const path = join(ledgersDir(workspace, 'acme'), '1.jsonl');
  appendFileSync(path, 'garbage\n{"seq":41,"sum":"0"}\n');
  const { code, out } = await headcount('status');
  expect([code, flat(out)]).toEqual([5, expect.stringMatching(/seq 40 STORE .*1\.jsonl:\d+ is no line of a ledger/)]);
});

test('a ledger that cannot be read is put aside by whoever accepts that, and the stream has another one', async () => {
  const path = join(ledgersDir(workspace, 'acme'), '1.jsonl');
  appendFileSync(path, 'garbage\n{"seq":41,"sum":"0"}\n');
  expect(await headcount('verify')).toMatchObject({ code: 5, err: expect.stringContaining('verify --accept') });
  const { code, out } = await headcount('verify --accept --by eva');
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/accepted by eva: the 40 messages of acme[\s\S]*1\.jsonl\.old-1/),
  ]);
  expect(await headcount('verify')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^sound acme: .* sequence 40 /),
  });
  expect((await headcount('status')).code).toBe(0);
});

test('the next command names the server that this one named', async () => {
  rmSync(ledgersDir(workspace, 'acme'), { recursive: true });
  await served(async (_, url) => {
    const { code, out } = await headcount(`verify --nats ${url}`);
    expect([code, flat(out)]).toEqual([1, expect.stringContaining(`headcount verify --accept --nats ${url}`)]);
  });
});

test('a stream that no ledger has seen is not called sound, until somebody takes it as it is', async () => {
  rmSync(ledgersDir(workspace, 'acme'), { recursive: true });
  const before = await headcount('verify --company acme');
  expect([before.code, before.out]).toEqual([
    1,
    expect.stringMatching(/^unknown acme[\s\S]*verify --accept --company acme/),
  ]);
  expect(JSON.parse((await headcount('verify --json')).out)).toMatchObject({ ok: false, ledgers: 0 });
  expect((await headcount('verify --accept')).code).toBe(0);
  expect(await headcount('verify')).toMatchObject({ code: 0, out: expect.stringContaining('sequence 40') });
  flipBit();
  expect((await headcount('verify')).code).toBe(5);
});

test('what to do next is typed as it is found where npx was typed, wherever it is written', async () => {
  const npx = { npm_command: 'exec' };
  const lines = [
    'export --out a.jsonl',
    'import a.jsonl --as other',
    'backup --company acme',
    'fork --at 9 --as third',
  ];
  for (const line of lines) expect(await headcount(line, npx)).toMatchObject({ code: 0 });
  flipBit();
  const more = [
    'status --company acme',
    'verify --company acme',
    'backup --company acme',
    'dead show D9',
    'ask',
    '--help',
  ];
  for (const line of [...lines, ...more, 'restore a.jsonl']) {
    const { out, err } = await headcount(line, npx);
    const said = (out + err).replace(/^Usage: .*$/m, '');
    expect([line, said]).toEqual([line, expect.not.stringMatching(/(?<!npx |[\w./-])headcount (--|[a-z])/)]);
    expect([line, said]).toEqual([line, expect.not.stringContaining('npx npx')]);
  }
});

test('a stream that takes nothing is told by the company that waits for it', async () => {
  await served(async (_, url) => {
    writeRunFile(workspace, { url, company: 'acme', pid: process.pid, trouble: 'the disk of the server is full' });
    const { code, out } = await headcount('status');
    expect([code, out]).toEqual([5, expect.stringMatching(/STORE[\s\S]*the disk of the server is full/)]);
  });
});
