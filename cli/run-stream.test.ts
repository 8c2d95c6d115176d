// What a company's own process leaves behind when it ends: a real nats-server, and the ledger beside it.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealClock } from '../bus/clock.ts';
import { markOf } from '../bus/ledger/lines.ts';
import { startServer } from '../bus/server/launcher.ts';
import { startProxy } from '../tests/fixtures/proxy.ts';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { rawServer } from '../tests/storage/raw-server.ts';
import { readLedgers } from './ledgers.ts';
import { openRunStream, type RunStream } from './run-stream.ts';

let workspace = '';
const ending: (() => Promise<void>)[] = [];
let url = '';

beforeEach(async () => {
  workspace = mkdtempSync(join(tmpdir(), 'headcount-ending-'));
  const server = await startServer({ storeDir: join(workspace, 'nats'), sync: 'fast' });
  url = server.url;
  ending.push(() => server.stop());
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  rmSync(workspace, { recursive: true, force: true });
});

function open(nats: string, kind: 'company' | 'scenario' = 'company') {
  const terminal = openTerminal(['up'], { cwd: workspace });
  const said: string[] = [];
  const opening = openRunStream({
    company: 'acme',
    bus: undefined,
    nats,
    kind,
    context: terminal.context,
    clock: () => new RealClock(),
    log: (line) => said.push(line),
  });
  return { opening, said, pressCtrlC: terminal.pressCtrlC };
}

async function say({ bus }: RunStream, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) {
    const data = { text: `mission ${n}` };
    await bus.publish(`brain.m${n}`, { id: `m${n}`, type: 'brain.mission', source: 'operator', data });
  }
}

async function mark(): Promise<number> {
  const [furthest] = await readLedgers(workspace, 'acme');
  return furthest ? markOf(furthest) : 0;
}

test('the ledger of a company that ends in order has its last words, also those that it had not heard itself', async () => {
  const stream = await open(url).opening;
  await stream.checking.end();
  const tap = await stream.bus.tap({ filter: '>' }, stream.seen);
  await say(stream, 1, 5);
  await tap.close();
  await say(stream, 6, 8);
  await stream.close();
  expect(await mark()).toBe(8);

  const again = await open(url).opening;
  for await (const stored of again.bus.replay({ filter: '>' })) again.checking.look(stored);
  await again.checking.end();
  await say(again, 9, 9);
  await again.close();
  expect(await mark()).toBe(9);
});

test('the password of a server is nowhere in the workspace while its company runs', async () => {
  const config = (dir: string) =>
    `jetstream { store_dir: "${dir}/store" }\nauthorization { user: ada, password: "of-the-vault" }`;
  const server = await rawServer(config);
  ending.push(server.end);
  const stream = await open(server.url.replace('//', '//ada:of-the-vault@')).opening;
  await stream.checking.end();
  await say(stream, 1, 2);
  const files = readdirSync(workspace, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
  expect(texts.filter((text) => text.includes('"company":"acme"'))).toHaveLength(1);
  expect(texts.filter((text) => text.includes('of-the-vault'))).toEqual([]);
  await stream.close();
});

test('a scenario that is refused in the folder of a company leaves its ledger', async () => {
  const stream = await open(url).opening;
  await stream.checking.end();
  await say(stream, 1, 3);
  await stream.close();
  await expect(open(url, 'scenario').opening).rejects.toMatchObject({ code: 'COMPANY_TAKEN' });
  expect(await mark()).toBe(3);
});

test('a scenario that is played again begins with an empty ledger', async () => {
  for (const length of [3, 2]) {
    const stream = await open(url, 'scenario').opening;
    await say(stream, 1, length);
    await stream.close();
    expect(await mark()).toBe(length);
  }
});

test('a company whose past was not looked at notes nothing', async () => {
  const stream = await open(url).opening;
  await stream.checking.end();
  await say(stream, 1, 3);
  await stream.close();
  const unchecked = await open(url).opening;
  const elsewhere = await unchecked.bus.publish('brain.m4', {
    id: 'm4',
    type: 'brain.mission',
    source: 'operator',
    data: { text: 'mission 4' },
  });
  await unchecked.close();
  expect([elsewhere.seq, await mark()]).toEqual([4, 3]);
});

test('a company whose server is away, or that was told twice to end, does not wait for its ledger', async () => {
  const proxy = await startProxy({ target: url });
  const { opening, said } = open(`nats://127.0.0.1:${proxy.port}`);
  const stream = await opening;
  await stream.checking.end();
  await say(stream, 1, 3);
  proxy.pause();
  const from = performance.now();
  const closing = stream.close();
  // What it wrote last is sent with the end of the connection; that waits for the server.
  await expect.poll(() => said).toContainEqual(expect.stringContaining('ledger'));
  expect(performance.now() - from).toBeLessThan(4_000);
  proxy.resume();
  await closing;
  expect(await mark()).toBe(0);

  const hasty = open(url);
  const second = await hasty.opening;
  await second.checking.end();
  hasty.pressCtrlC();
  hasty.pressCtrlC();
  await second.close();
  expect(await mark()).toBe(0);
  await proxy.close();
});
