// Builds dist/ once before the tests of whole processes: those start what a person starts.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { packageRoot } from '../../cli/package-root.ts';

/** Files and folders that this run of vitest was given; none when it runs everything. */
function named(): string[] {
  return process.argv.slice(2).filter((word) => existsSync(word) || word.includes('.test'));
}

/** Vitest calls it before a run. One that names other files needs no build. */
export function setup(): void {
  const names = named();
  if (
    names.length > 0 &&
    !names.some((name) => name.includes('e2e') || name.includes('chaos') || name.replace(/\/$/, '') === 'tests')
  )
    return;
  execFileSync('npm', ['run', '-s', 'build'], { cwd: packageRoot, stdio: 'inherit' });
}
