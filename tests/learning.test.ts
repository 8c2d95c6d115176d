// Learning shows: the same sixty letters with lessons in the brief and without. That the first run ends as it says is with
// all other scenarios (scenarios.test.ts).

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../cli/package-root.ts';
import { runScenario } from '../cli/run-scenario.ts';
import { quietRun } from './fixtures/run-options.ts';
import { openTerminal } from './fixtures/terminal.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'headcount-learning-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

async function play(memory: string): Promise<{ code: number; output: string }> {
  const text = await readFile(join(packageRoot, 'scenarios/learning.yaml'), 'utf8');
  expect(text).toContain('memory: { use: [lessons] }');
  await mkdir(join(cwd, 'scenarios'), { recursive: true });
  const scenario = join(cwd, 'scenarios', 'learning.yaml');
  await writeFile(scenario, text.replace('memory: { use: [lessons] }', `memory: { use: ${memory} }`));
  const { context, stdout, stderr } = openTerminal(['--plain'], { cwd, env: process.env });
  const code = await runScenario({ ...quietRun, scenario, out: undefined }, context);
  return { code, output: stdout() + stderr() };
}

test('with lessons in the brief the last twenty letters need none of the retries of the first twenty', async () => {
  const { code, output } = await play('[lessons]');
  expect(output).toContain('on the way 10 retries');
  expect(code).toBe(0);
});

test('without memory the last twenty letters fail as the first twenty did: the effect is gone', async () => {
  const { code, output } = await play('[]');
  expect(output).toMatch(
    /retries of the last 20 tasks\s+expected\s+at most 0.5 of those of the first 20\s+actual\s+20 after 20/,
  );
  expect(output).toContain('60 of 60 done');
  expect(code).toBe(1);
});

test('what an agent is told of its own work teaches no lesson of somebody else', async () => {
  const { code, output } = await play('[day, rewards]');
  expect(output).toContain('20 after 20');
  expect(code).toBe(1);
});
