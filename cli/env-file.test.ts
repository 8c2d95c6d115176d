import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withEnvFile } from './env-file.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'headcount-env-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const write = (text: string) => writeFileSync(join(cwd, '.env'), text);

test('settings of the file stand behind those of the environment', () => {
  write('# keys\nexport A=file\nB="two words"\n\nC=\n');
  expect(withEnvFile(cwd, { A: 'environment' })).toEqual({ A: 'environment', B: 'two words', C: '' });
});

test('without a file the environment is all there is', () => {
  expect(withEnvFile(cwd, { A: 'x' })).toEqual({ A: 'x' });
});

test('a line that is no setting is named by its number, and not repeated', () => {
  write('A=1\nsk-secret-without-a-name\n');
  const read = () => withEnvFile(cwd, {});
  expect(read).toThrow('.env:2 is no setting');
  expect(read).not.toThrow(/secret/);
});
