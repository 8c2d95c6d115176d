// A workspace with two companies, one of which has lost its stream, or a part of it, while nobody ran it: a real nats-server.

import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealClock } from '../bus/clock.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import { startServer } from '../bus/server/launcher.ts';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { main } from './main.ts';
import { storeDirOf, writeRunFile } from './run-file.ts';
import { openRunStream } from './run-stream.ts';
import { noteAll } from './storage.ts';

let workspace = '';
const streamOf = (name: string) => join(storeDirOf(workspace), 'jetstream', '$G', 'streams', name);

async function found(server: { url: string }, company: string, messages: number): Promise<void> {
  const owner = { workspace, kind: 'company' } as const;
  const bus = await openJetStreamBus({ servers: server.url, company, clock: new RealClock(), owner });
  for (let n = 1; n <= messages; n += 1) {
    const data = { text: `mission ${n}` };
    await bus.publish(`brain.m${n}`, { id: `m${n}`, type: 'brain.mission', source: 'operator', data });
  }
  await noteAll(bus, workspace, 'a test', () => {});
  await bus.close();
}

async function headcount(line: string) {
  const argv = line.split(' ');
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME };
  const terminal = openTerminal(argv, { cwd: workspace, env, now: Date.now() });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), out: terminal.stdout(), err: terminal.stderr() };
}

const serve = () => startServer({ storeDir: storeDirOf(workspace), sync: 'fast' });

beforeEach(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'headcount-others-'));
  const server = await serve();
  await found(server, 'globex', 40);
  await found(server, 'acme', 3);
  await server.stop();
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

test('status tells of no other company while each is what it was', async () => {
  const { code, out } = await headcount('status');
  expect([code, out]).toEqual([0, expect.stringMatching(/^acme {3}/)]);
  expect(JSON.parse((await headcount('status --json')).out).others).toEqual([]);
});

test.each([
  ['lost', /it is gone, and held 40 messages/, () => rmSync(streamOf('GLOBEX'), { recursive: true })],
  [
    'cut short',
    /(held 40;|messages are missing in it)/,
    () => truncateSync(join(streamOf('GLOBEX'), 'msgs', '1.blk'), 5_000),
  ],
])('status begins with another company of the workspace that was %s, and with what to do', async (_, how, damage) => {
  damage();
  const { code, out } = await headcount('status');
  const [heading, ...rest] = out.split('\n');
  const own = rest.findIndex((line) => line.startsWith('acme   '));
  expect([code, heading, own]).toEqual([5, 'STORE of globex', expect.toSatisfy((at: number) => at > 0)]);
  expect(rest.slice(0, own).join(' ').replace(/\s+/g, ' ')).toMatch(how);
  for (const way of ['headcount verify --company globex', 'headcount restore <file>'])
    expect(rest.slice(0, own).join('\n')).toContain(way);

  const json = await headcount('status --json');
  expect(json.code).toBe(5);
  expect(JSON.parse(json.out)).toMatchObject({
    company: 'acme',
    others: [{ company: 'globex', code: 'STREAM_DAMAGED' }],
  });
  // Whoever names a company is told of that one.
  expect(await headcount('status --company acme')).toMatchObject({ code: 0, out: expect.stringMatching(/^acme {3}/) });
});

test('status tells of a lost company beside one that runs', async () => {
  rmSync(streamOf('GLOBEX'), { recursive: true });
  const server = await serve();
  try {
    writeRunFile(workspace, { url: server.url, company: 'acme', pid: process.pid });
    const { code, out } = await headcount('status');
    expect([code, out]).toEqual([5, expect.stringMatching(/^STORE of globex\n[\s\S]*\nacme {3}/)]);
  } finally {
    await server.stop();
  }
});

test('verify without a name looks at the company that is lost, and with one at that one', async () => {
  rmSync(streamOf('GLOBEX'), { recursive: true });
  expect(await headcount('verify')).toMatchObject({
    code: 5,
    out: expect.stringMatching(/^damaged globex: it is gone/),
  });
  expect(await headcount('verify --company acme')).toMatchObject({ code: 0 });
});

test('a company that is kept on another server is not taken for lost', async () => {
  const elsewhere = await startServer({ storeDir: join(workspace, 'elsewhere'), sync: 'fast' });
  try {
    const stream = await openRunStream({
      company: 'initech',
      bus: undefined,
      nats: elsewhere.url,
      kind: 'company',
      context: openTerminal(['up'], { cwd: workspace }).context,
      clock: () => new RealClock(),
      log: () => {},
    });
    await stream.checking.end();
    const data = { text: 'mission' };
    await stream.bus.publish('brain.m1', { id: 'm1', type: 'brain.mission', source: 'operator', data });
    await stream.close();
  } finally {
    await elsewhere.stop();
  }
  expect(await headcount('status')).toMatchObject({ code: 0, out: expect.stringMatching(/^acme {3}/) });
});
