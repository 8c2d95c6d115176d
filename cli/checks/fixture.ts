// What the tests of checks share: a folder with a company file, and a machine that says what the test says.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Machine } from './finding.ts';

/** A folder that is gone after the run. */
export function scratch(): string {
  return mkdtempSync(join(inject('folder'), 'checks-'));
}

/** A folder with a company of two, who decides and who writes code, and what is added to its file and to the second role. */
export function companyIn(more: string, role = ''): string {
  const dir = scratch();
  mkdirSync(join(dir, 'org/prompts'), { recursive: true });
  for (const name of ['boss', 'maker']) writeFileSync(join(dir, `org/prompts/${name}.md`), 'You work.');
  const boss =
    '  boss:\n    tier: strategy\n    duties: [strategy, decompose, review, staff, remediate]\n    reports:\n';
  const maker = `      maker:\n        tier: coding\n        duties: [write-code]\n        ${role}\n`;
  const file = `company: acme\n${more}\nreports:\n${boss}${maker}`;
  writeFileSync(join(dir, 'org/org.yaml'), file);
  return dir;
}

export const machineIn = (cwd: string, env: Machine['env'], more: Partial<Machine> = {}): Machine => ({
  env,
  cwd,
  nodeVersion: '20.19.0',
  uid: 1000,
  now: Date.parse('2026-11-22T12:00:00Z'),
  fetch: false,
  live: true,
  liveMs: 5_000,
  progress: () => {},
  ...more,
});
