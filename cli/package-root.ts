// Where the files that come with Headcount are: org/, scenarios/, nats.conf. The same whether the code runs from dist/ or
// from its source.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HeadcountError } from '../bus/errors.ts';

function findRoot(from: string): string {
  return existsSync(join(from, 'package.json')) || dirname(from) === from ? from : findRoot(dirname(from));
}

/** The folder of package.json. */
export const packageRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The version in package.json. */
export function packageVersion(): string {
  const found: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  return typeof found === 'object' && found !== null && 'version' in found ? String(found.version) : 'unknown';
}

/**
 * A file the user named: in the working folder, else the one that comes with Headcount, else where it was looked for.
 * Throws HeadcountError for a pipe or a device.
 */
export function findFile(path: string, cwd: string): string {
  const here = resolve(cwd, path);
  const ours = join(packageRoot, path);
  const found = isAbsolute(path) || existsSync(here) || !existsSync(ours) ? here : ours;
  refusePipe(found, path);
  return found;
}

/** What is read more than once cannot be a pipe, and one without a writer would hold up even the end of the process. */
export function refusePipe(path: string, shown: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile() || found.isDirectory()) return;
  throw new HeadcountError('UNREADABLE', `${shown} is a pipe or a device, not a file`, 'write it to a file first', {
    exit: 3,
  });
}
