// A lesson of work that turned out to be broken: the product that was merged, deployed and found empty by QA.

import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readExport } from '../bus/export.ts';
import { packageRoot } from '../cli/package-root.ts';
import { runScenario } from '../cli/run-scenario.ts';
import { ofType } from '../cli/views/history.ts';
import { quietRun } from './fixtures/run-options.ts';
import { openTerminal } from './fixtures/terminal.ts';

const cwd = await mkdtemp(join(tmpdir(), 'headcount-lessons-'));
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** The bad day, with a first attempt that fails, so that there is something to learn. */
async function badDay(): Promise<string> {
  const text = await readFile(join(packageRoot, 'scenarios/bad-day.yaml'), 'utf8');
  const first = '  - for: { purpose: write, task: service }\n';
  const failing =
    '  - for: { purpose: write, task: service, attempt: 1 }\n    fail: { kind: quality, reason: the drawer sticks }\n';
  const expected = 'service: { status: done, attempts: 1';
  expect(text).toContain(first);
  expect(text).toContain(expected);
  return text.replace(first, `${failing}\n${first}`).replace(expected, 'service: { status: done, attempts: 2');
}

test('a lesson ends when an alert names the commit of the work that taught it', async () => {
  await mkdir(join(cwd, 'scenarios'));
  const scenario = join(cwd, 'scenarios/bad-day.yaml');
  await writeFile(scenario, await badDay());
  await symlink(join(packageRoot, 'scenarios/bad-day'), join(cwd, 'scenarios/bad-day'));
  const { context, stdout, stderr } = openTerminal(['--plain'], { cwd, env: process.env });
  const code = await runScenario({ ...quietRun, scenario, out: 'out.jsonl' }, context);
  expect(stdout() + stderr()).toMatch(/(\d+) of \1 expectations met/);
  expect(code).toBe(0);
  const history = readExport(await readFile(join(cwd, 'out.jsonl'), 'utf8'));
  const [learned] = ofType(history, 'lesson.learned');
  expect(learned?.data).toMatchObject({ failed: 'the drawer sticks', status: 'active' });
  const [alert] = ofType(history, 'alert.raised');
  const ended = ofType(history, 'lesson.retired');
  expect(ended).toMatchObject([
    { data: { id: learned?.data.id, status: 'retired', reason: 'T1 broke the product' }, causationid: alert?.id },
  ]);
});
