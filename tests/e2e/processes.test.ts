// Several processes of one company, as people start them in several terminals.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../../bus/server/launcher.ts';
import { packageRoot } from '../../cli/package-root.ts';
import { advises, patience } from './patience.ts';
import { type Running, Workspace } from './process.ts';

const workspace = new Workspace();
let url: string;
let stopServer: () => Promise<void>;
let main: Running;

const STARTED = /running\s+started/;
const up = (...words: string[]) => workspace.start(['up', '--nats', url, '--speed', '1000', ...words]);
const read = async (line: string) => JSON.parse((await workspace.run(`${line} --nats ${url} --json`)).out);
type Row = { name: string; incarnation: number; state: string; roles?: string[] };
const rows = async (): Promise<Row[]> => (await read('status')).processes;

async function messages(): Promise<{ type: string; id: string; data: Record<string, unknown> }[]> {
  const { out } = await workspace.run(`log --all --nats ${url} --json`);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

beforeAll(async () => {
  cpSync(join(packageRoot, 'org'), join(workspace.dir, 'org'), { recursive: true });
  const server = await startServer({ storeDir: workspace.folder('store'), sync: 'fast' });
  url = server.url;
  stopServer = server.stop;
  main = up();
  await main.says(STARTED);
});

afterAll(async () => {
  await workspace.remove();
  await stopServer();
});

test('a role that the company does not have is refused, with the nearest', async () => {
  const { code, err } = await up('--roles', 'bakend').ended;
  expect([code, err]).toEqual([2, expect.stringMatching(/no role bakend[\s\S]*did you mean backend\?/)]);
});

test('who joins cannot name a mission: nobody would read it', async () => {
  const { code, err } = await up('--roles', 'cto', '--mission', 'Build a clock').ended;
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/joins a company that has its mission[\s\S]*name --mission where/),
  ]);
});

test('processes join, are seen, and say that they leave; the company goes on', { timeout: 240_000 }, async () => {
  const second = up('--roles', 'backend,frontend');
  await second.says(/process\s+p2/);
  await main.says(/p2\s+process started\s+backend, frontend/);
  const third = up('--roles', 'backend');
  await main.says(/p3\s+process started\s+backend/);
  await workspace.run(`tap agent.backend@p3.state --all --count 1 --nats ${url}`);
  expect(await rows()).toMatchObject([
    { name: 'main', state: 'alive' },
    { name: 'p2', state: 'alive', roles: ['backend', 'frontend'] },
    { name: 'p3', state: 'alive', roles: ['backend'] },
  ]);
  third.kill('SIGINT');
  expect((await third.ended).code).toBe(0);
  second.kill('SIGKILL');
  await second.ended;
  expect(await read('status')).toMatchObject({
    state: 'running',
    processes: [{ name: 'main' }, { name: 'p2', state: 'silent' }, { name: 'p3', state: 'left' }],
  });

  const again = up('--roles', 'backend,frontend');
  await again.says(/process\s+p2, start 2/);
  again.kill('SIGINT');
  await again.ended;
});

test('a newer process of the same name fences the older one, which says so and ends with code 5', {
  timeout: 240_000,
}, async () => {
  const older = up('--roles', 'qa', '--name', 'west');
  await main.says(/west\s+process started/);
  await workspace.run(`tap agent.qa@west.state --all --count 1 --nats ${url}`);
  const newer = up('--roles', 'qa', '--name', 'west');
  const { code, err } = await older.ended;
  expect([code, err]).toEqual([5, expect.stringMatching(/fenced: process \d+ on \S+ has taken the name west/)]);
  expect((await rows()).find(({ name }) => name === 'west')).toMatchObject({ incarnation: 2, state: 'alive' });
  newer.kill('SIGINT');
  expect((await newer.ended).code).toBe(0);
});

test('each slot of a schedule happens once, with two processes that tick it', { timeout: 240_000 }, async () => {
  const other = up('--roles', 'cto,qa,finance', '--name', 'east');
  await workspace.run(`tap agent.finance@east.state --all --count 1 --nats ${url}`);
  await workspace.run(`tap clock.digest --count 3 --nats ${url}`);
  other.kill('SIGINT');
  await other.ended;
  const slots = (await messages())
    .filter(({ type }) => type === 'clock.ticked')
    .map(({ data }) => `${data.duty} ${data.slot}`);
  expect(slots.length).toBeGreaterThan(3);
  expect(new Set(slots).size).toBe(slots.length);
});

test('a process joins with its roles alone: script, product and pace are those of the company', {
  timeout: 240_000,
}, async () => {
  const folder = new Workspace();
  try {
    const words = patience(folder, { tasks: ['one', 'two', 'three'], answers: [advises('20m')], backOff: '4s' });
    const first = folder.start([...words, '--speed', '100']);
    await first.says(/working\s+T1/);
    const join = ['up', '--org', 'org.yaml', '--roles', 'worker'];
    const second = folder.start(join);
    const other = folder.start([...join, '--speed', '7']);
    await second.says(/scripted by .*patience\.yaml/);
    await first.says(/worker@p2\s+done/);
    await first.says(/(?:done\s+T\d[\s\S]*){3}/);
    const { code, err } = await other.ended;
    expect([code, err]).toEqual([2, expect.stringMatching(/100 times as fast as the wall[\s\S]*leave --speed out/)]);
    for (const each of [second, first]) {
      each.kill('SIGINT');
      expect((await each.ended).code).toBe(0);
    }
    const { code: broken, out } = await folder.run('audit');
    expect([broken, out]).toEqual([0, expect.stringContaining('no invariant is broken')]);
  } finally {
    await folder.remove();
  }
});
