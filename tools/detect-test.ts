// How a repository is tested, as its own files say.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Manifest = z.object({ scripts: z.object({ test: z.string() }) });

/** What npm writes where nobody has said. */
const NO_TEST = /no test specified/;

/** Files that belong to one way of testing, in the order in which they are looked for. */
const ways: readonly (readonly [file: string, command: string, says?: RegExp])[] = [
  ['go.mod', 'go test ./...'],
  ['Cargo.toml', 'cargo test'],
  ['pytest.ini', 'python3 -m pytest'],
  ['pyproject.toml', 'python3 -m pytest', /pytest/],
  ['Makefile', 'make test', /^test:/m],
];

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function npmTest(dir: string): boolean {
  try {
    const read = Manifest.safeParse(JSON.parse(textOf(join(dir, 'package.json')) || '{}'));
    return read.success && !NO_TEST.test(read.data.scripts.test);
  } catch {
    return false;
  }
}

/** The command that tests the repository in a folder; undefined when nothing says so. */
export function detectTest(dir: string): string | undefined {
  if (npmTest(dir)) return 'npm test';
  return ways.find(
    ([file, , says]) => existsSync(join(dir, file)) && (says?.test(textOf(join(dir, file))) ?? true),
  )?.[1];
}
