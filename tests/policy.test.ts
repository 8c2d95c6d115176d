// A policy is tried on what a company has really done: the reward scenario, recorded, under another ladder and bench.

import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main } from '../cli/main.ts';
import { played } from './fixtures/played.ts';
import { openTerminal } from './fixtures/terminal.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'headcount-policy-'));
  const { code, dir } = await played('reward');
  expect(code).toBe(0);
  await copyFile(join(dir, 'out.jsonl'), join(cwd, 'r.jsonl'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

async function attempt(policy: string, ...more: readonly string[]) {
  await writeFile(join(cwd, 'policy.yaml'), policy);
  const argv = ['policy', 'try', 'policy.yaml', '--on', 'r.jsonl', ...more];
  const { context, stdout, stderr } = openTerminal(argv, { cwd, env: process.env });
  return { code: await main(argv, context), stdout: stdout(), stderr: stderr() };
}

test('a shorter ladder gives up earlier, and a stricter bench benches earlier', async () => {
  const policy = 'standing: { benched: { tasks: 3 } }\nretry: { ladder: [standard, recall, escalate] }\n';
  const { code, stdout } = await attempt(policy, '--json');
  const trial = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(trial.escalations.map(({ attempt: n }: { attempt: number }) => n)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(trial.cost.saved).toBeGreaterThan(0);
  const benched = (changes: readonly { standing: string; samples: number }[]) =>
    changes.filter(({ standing }) => standing === 'benched').map(({ samples }) => samples);
  expect([benched(trial.standings.before), benched(trial.standings.after)]).toEqual([[5], [4]]);
});

test('the policy in force changes nothing', async () => {
  const { stdout } = await attempt('standing: { start: trusted }\n', '--json');
  const trial = JSON.parse(stdout);
  expect([trial.bands, trial.assignments, trial.escalations, trial.triedAgain]).toEqual([[], [], [], []]);
  expect(trial.standings.after).toEqual(trial.standings.before);
});

test('other weights move tasks into other bands', async () => {
  const { stdout } = await attempt(
    'reward: { weights: { qa: 0, time: 1, regressions: 0, quality: 0, attempts: 0 } }\n',
  );
  expect(stdout).toMatch(/bands +1 task in another one/);
  expect(stdout).toMatch(/T7 +\S+ good -> 50 acceptable/);
});

test.each([
  ['standng: { start: lead }\n', 'policy.yaml:1:1 standng "standng" is no field'],
  [
    'reward: { weights: { qa: 1, time: 1, regressions: 0, quality: 0, attempts: 0 } }\n',
    'policy.yaml:1:20 reward.weights the weights add up to 2, not 1',
  ],
])('%j is refused with its place', async (policy, message) => {
  const { code, stderr } = await attempt(policy);
  expect(stderr).toContain(message);
  expect(code).toBe(3);
});
