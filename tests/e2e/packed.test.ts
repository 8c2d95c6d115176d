// What is published is what works: the package as npm makes it, without the folder that it was made from.

import { execFileSync } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../cli/package-root.ts';
import { Workspace } from './process.ts';

const workspace = new Workspace();
const script = join(workspace.dir, 'package', 'bin', 'headcount.js');
const headcount = (words: string, folder = '.') => workspace.run(words, { script, folder });

beforeAll(() => {
  const to = workspace.dir;
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', to], { cwd: packageRoot, stdio: 'ignore' });
  const archive = readdirSync(to).find((name) => name.endsWith('.tgz')) ?? '';
  execFileSync('tar', ['-xzf', archive], { cwd: to });
  symlinkSync(join(packageRoot, 'node_modules'), join(to, 'package', 'node_modules'));
});
afterAll(() => workspace.remove());

test('a company is made with the packed program, and its first scenario plays', async () => {
  expect(await headcount('init shop')).toMatchObject({ code: 0, err: '' });
  expect((await headcount('org check', 'shop')).code).toBe(0);
  expect(await headcount('run scenarios/first-day.yaml --bus memory', 'shop')).toMatchObject({ code: 0 });
});

test('the packed program brings its scenarios, its charts and its threads', async () => {
  expect((await headcount('validate scenarios/first-product.yaml')).code).toBe(0);
  expect((await headcount('machines agent')).out).toContain('stateDiagram');
  expect((await headcount('sim scenarios/retry-ladder.yaml --seeds 1..2')).out).toContain('violations');
  expect((await headcount('ingest package/docs/backup.md')).out).toContain('new');
});
