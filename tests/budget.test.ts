// A company that cannot go on because its money is used up says which, with an exit code of its own.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runScenario } from '../cli/run-scenario.ts';
import { openTerminal } from './fixtures/terminal.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'headcount-budget-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const fine = 'answer: { summary: Fine, advice: Go on }';

const story = (retry: string, role: string, answer: string) => `
name: poor
title: Money runs out
given:
  company: poor
  org:
    retry: { ${retry} }
    roles:
      legal: { title: Legal Counsel, reportsTo: ceo, tier: light, duties: [advise], prompt: prompts/hr.md, ${role} }
  backlog:
    - { key: one, title: The first, role: legal, type: advice }
    - { key: two, title: The second, role: legal, type: advice, after: [one] }
defaults:
  advise: { takes: 50m, tokens: [9000000, 900000], ${answer} }
deadline: 1h
then: {}
`;

async function play(retry: string, role: string, answer: string) {
  await writeFile(join(cwd, 'poor.yaml'), story(`step: 2h, ${retry}`, role, answer));
  const { context, stdout } = openTerminal(['--plain'], { cwd, env: process.env });
  const options = { bus: 'memory', nats: undefined, seed: undefined, out: undefined, clock: undefined } as const;
  const rest = { speed: undefined, inspect: false, keep: false, json: false, quiet: true };
  const code = await runScenario({ scenario: 'poor.yaml', ...options, ...rest }, context);
  return { code, output: stdout() };
}

test('the money of a role for a day', async () => {
  const { code, output } = await play('', 'budget: 20, instances: 1', fine);
  expect(output).toContain('budget: legal on 2026-01-05 has used $13.50 of $20.00 (budget in org.yaml)');
  expect(code).toBe(4);
});

test('the attempts of a lineage', async () => {
  const { code, output } = await play('lineage: { attempts: 1 }', 'instances: 1', 'raw: nonsense');
  expect(output).toContain('budget: T1 has used up its 1 attempt (retry.lineage in org.yaml)');
  expect(code).toBe(4);
});

test('a deadline that comes first for want of time is no budget', async () => {
  const { code, output } = await play('', 'instances: 1', fine);
  expect(output).not.toContain('budget:');
  expect(code).toBe(1);
});
