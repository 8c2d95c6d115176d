// A production install has no server of the vendors' formats: a scenario that needs it says how to get it.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageRoot } from '../../cli/package-root.ts';

const dir = mkdtempSync(join(tmpdir(), 'headcount-installed-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The package with its dependencies, as if it had been installed without those of its development. */
function install(without: string): void {
  for (const part of ['bin', 'dist', 'org', 'scenarios', 'package.json']) {
    cpSync(join(packageRoot, part), join(dir, part), { recursive: true });
  }
  mkdirSync(join(dir, 'node_modules'));
  for (const name of readdirSync(join(packageRoot, 'node_modules'))) {
    if (name !== without) symlinkSync(join(packageRoot, 'node_modules', name), join(dir, 'node_modules', name));
  }
}

test('real-wire without its server ends with the command that installs it', async () => {
  install('@copilotkit');
  const words = [join(dir, 'bin', 'headcount.js'), 'run', 'scenarios/real-wire.yaml', '--bus', 'memory'];
  const { code, err } = await new Promise<{ code: unknown; err: string }>((resolve) => {
    execFile(process.execPath, words, { cwd: dir }, (error, _, stderr) => resolve({ code: error?.code, err: stderr }));
  });
  expect(err).toContain('needs the package @copilotkit/aimock, which is not installed');
  expect(err).toContain('npm i -D @copilotkit/aimock');
  expect(code).toBe(5);
});
