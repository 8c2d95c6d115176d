import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { alive } from '../../tools/fixture.ts';
import { versionOf } from './finding.ts';
import { scratch } from './fixture.ts';

/** A folder with a program of this body. */
function place(body: string): string {
  const dir = scratch();
  writeFileSync(join(dir, 'tool'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return dir;
}

const ask = (dir: string) => versionOf('tool', { env: { PATH: `${dir}:${process.env.PATH}` }, cwd: dir });

test('a version is read wherever the program prints it', async () => {
  expect(await ask(place('echo "tool 2.10.29 (x)"'))).toBe('2.10.29');
  expect(await ask(place('echo "v3.1" >&2'))).toBe('3.1');
});

test('a program that fails, is not there or says nothing has none', async () => {
  expect(await ask(place('echo 1.2.3; exit 1'))).toBeUndefined();
  expect(await ask(scratch())).toBeUndefined();
  expect(await ask(place('echo soon'))).toBeUndefined();
});

test.skipIf(process.platform !== 'linux')(
  'a program that hangs is ended with everything it started',
  async () => {
    expect(await ask(place('sleep 86099'))).toBeUndefined();
    expect(alive('86099')).toBe(0);
  },
  20_000,
);
