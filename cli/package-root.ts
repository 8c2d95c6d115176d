// Where the files that come with Headcount are: org/, scenarios/, nats.conf. The same whether the code runs from dist/ or
// from its source.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

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

/** A file the user named: in the working folder, else the one that comes with Headcount, else where it was looked for. */
export function findFile(path: string, cwd: string): string {
  const here = resolve(cwd, path);
  const ours = join(packageRoot, path);
  return isAbsolute(path) || existsSync(here) || !existsSync(ours) ? here : ours;
}
