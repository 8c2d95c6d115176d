// A company where a scenario was played: it takes the place of what the scenario left, and of nothing else.

import { appendFileSync, cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { stop } from './building.ts';
import { pages, type Running, Workspace } from './process.ts';

/** Where the scenario was played once. */
const left = new Workspace();
beforeAll(async () => {
  expect((await left.run(`run ${pages} --quiet`)).code).toBe(0);
});
afterAll(() => left.remove());

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

/** Everything that the scenario left is here as well. */
function played(): void {
  for (const part of ['.headcount', 'products']) {
    cpSync(join(left.dir, part), join(workspace.dir, part), { recursive: true });
  }
}

const PLACE = /watch {6}headcount status/;

async function tasks(): Promise<readonly unknown[]> {
  return JSON.parse((await workspace.run('tasks --json')).out);
}

const opened = async (running: Running) => {
  await running.says(PLACE);
  return running.written();
};

test('what a scenario left is cleared, in one line, and the company begins with nothing', async () => {
  played();
  expect((await workspace.run(`run ${pages} --quiet`)).code).toBe(0);
  const first = workspace.start(['up']);
  expect(await opened(first)).toMatch(/^cleared {4}what a scenario left here: [1-9]\d+ messages, products\/pocket$/m);
  expect([await tasks(), workspace.has('products', 'pocket')]).toEqual([[], false]);
  expect((await workspace.run('audit')).code).toBe(0);
  expect(readdirSync(join(workspace.dir, '.headcount', 'acme', 'ledger')).filter((name) => /old/.test(name))).toEqual(
    [],
  );
  await stop(first);
  const again = workspace.start(['up']);
  expect(await opened(again)).not.toContain('cleared');
  await stop(again);
  expect((await workspace.run(`run ${pages}`)).err).toMatch(/is a company, not a scenario/);
});

test('a product that somebody has changed since is kept beside', async () => {
  played();
  appendFileSync(join(workspace.dir, 'products', 'pocket', 'README.md'), 'mine\n');
  const up = workspace.start(['up']);
  expect(await opened(up)).toMatch(/products\/pocket was changed by hand and is now products\/pocket\.kept-1$/m);
  expect(workspace.read('products', 'pocket.kept-1', 'README.md')).toContain('mine');
  await stop(up);
});

test('what init says is next works as it is written', async () => {
  const { out } = await workspace.run('init shop --yes --json');
  const [cd, ...next] = JSON.parse(out).next;
  expect([cd, next.length]).toEqual(['cd shop', 2]);
  const [run, up] = next.map((line: string) => line.replace(/^headcount /, '').split(' '));
  expect((await workspace.start(run, { folder: 'shop' }).ended).code).toBe(0);
  const first = workspace.start(up, { folder: 'shop' });
  await first.says(/working +T1/);
  expect(first.written()).toMatch(/^cleared .*\ncompany {4}shop .*\n(.*\n)+.*operator +org changed/);
  await stop(first);
  const again = workspace.start(up, { folder: 'shop' });
  await again.says(/process {4}main, start 2/);
  await stop(again);
});

async function refusedWhile(playing: Running): Promise<void> {
  await playing.says(/working +T1/);
  const { code, err } = await workspace.run('up');
  expect([code, err]).toEqual([5, expect.stringContaining(`is already run by process ${playing.pid}`)]);
  await playing.says(/merged +pull 1/);
}

test('a scenario that is being played loses nothing', async () => {
  await refusedWhile(workspace.start(['run', pages, '--keep']));
});

test('what is played on the memory bus loses nothing, though an earlier run left its stream', async () => {
  played();
  await refusedWhile(workspace.start(['run', pages, '--bus', 'memory', '--keep']));
  expect(await tasks()).toHaveLength(2);
});
