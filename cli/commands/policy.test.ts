import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTerminal } from '../../tests/fixtures/terminal.ts';
import { main } from '../main.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'headcount-policy-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

test('a policy that cannot be read is called one, and its path is to be checked', async () => {
  const argv = ['policy', 'try', 'nowhere.yaml', '--on', 'a.jsonl'];
  const terminal = openTerminal(argv, { cwd });
  expect(await main(argv, terminal.context)).toBe(3);
  expect(terminal.stderr()).toContain('cannot read the policy nowhere.yaml');
  expect(terminal.stderr()).not.toContain('org/org.yaml');
});
