import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { openLog } from './run-log.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'headcount-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test.skipIf(!existsSync('/dev/full'))('a log on a full disk is told once, and stops nobody', () => {
  symlinkSync('/dev/full', join(dir, 'log.jsonl'));
  const terminal = openTerminal([], { cwd: dir });
  const { log, close } = openLog(dir, terminal.context);
  for (let n = 1; n <= 3; n += 1) log('warn', `line ${n}`);
  close();
  expect(terminal.stderr().match(/cannot be written now: ENOSPC/g)).toHaveLength(1);
  expect(terminal.stderr()).toContain('line 3');
});
