import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const tether = 'setpriv';
const canTether = spawnSync(tether, ['--pdeathsig', 'TERM', '--', 'true']).status === 0;

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'headcount-child-'));
  const source = await readFile(new URL('./child.ts', import.meta.url), 'utf8');
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  await writeFile(join(root, 'child.mjs'), ts.transpileModule(source, { compilerOptions: options }).outputText);
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A process that has started `sleep` as its child. Its output stays open until both are gone. */
async function parentOfSleep(then: string) {
  const script = join(root, 'parent.mjs');
  await writeFile(
    script,
    `import { spawnTethered } from './child.mjs';
     const child = await spawnTethered('sleep', ['600'], 1);
     console.log(child.pid);
     ${then}`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = await once(parent.stdout, 'data');
  return { parent, pid: Number(String(pid)) };
}

test('a child does not keep its parent alive and is killed when the parent exits', async () => {
  const { parent, pid } = await parentOfSleep('');
  await once(parent, 'close');
  expect(parent.exitCode).toBe(0);
  expect(pid).toBeGreaterThan(0);
});

test.skipIf(!canTether)('a child does not survive a parent that is killed', async () => {
  const { parent } = await parentOfSleep('setInterval(() => {}, 1000);');
  parent.kill('SIGKILL');
  await once(parent, 'close');
  expect(parent.signalCode).toBe('SIGKILL');
});
