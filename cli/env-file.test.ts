import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EnvFileInvalid, EnvFileUnreadable, parseEnvFile, withEnvFile } from './env-file.ts';

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

test('without a file, or with a folder of that name, the environment is all there is', () => {
  expect(withEnvFile(cwd, { A: 'x' })).toEqual({ A: 'x' });
  mkdirSync(join(cwd, '.env'));
  expect(withEnvFile(cwd, { A: 'x' })).toEqual({ A: 'x' });
});

test('a file that cannot be opened is an error, not an empty one', () => {
  symlinkSync('.env', join(cwd, '.env'));
  expect(() => withEnvFile(cwd, {})).toThrow(EnvFileUnreadable);
});

describe('a value', () => {
  test.each([
    ['A=plain', 'plain'],
    ['  export   A = spaced  ', 'spaced'],
    ['A=', ''],
    ['A=   # nothing', ''],
    ['A=sk-a#b=c', 'sk-a#b=c'],
    ['A=word # why', 'word'],
    ['A=\'as it is \\n # "x"\'', 'as it is \\n # "x"'],
    ['A="line\\nand \\"quote\\" \\\\ # x" # why', 'line\nand "quote" \\ # x'],
    ['A="\\d stays"', '\\d stays'],
    ["A=it's", "it's"],
    ['A=$HOME/x', '$HOME/x'],
    ['\uFEFFA=after a mark', 'after a mark'],
    ['A=windows\r', 'windows'],
  ])('%j is %j', (line, value) => {
    expect(parseEnvFile(`${line}\n`)).toEqual({ A: value });
  });
});

describe('refused, by the number of its line and without what it holds:', () => {
  test.each([
    ['a line that is no setting', 'A=1\nsk-secret-without-a-name\n', '.env:2 is no setting'],
    ['a name with a dash', 'SECRET-KEY=secret', '.env:1 is no setting'],
    ['a quote without its end', '# x\n\nA="secret\nB=2', '.env:3 has a quote without its end'],
    ['a single quote without its end', "A='secret", '.env:1 has a quote without its end'],
    ['a quote that is escaped at its end', 'A="secret\\"', '.env:1 has a quote without its end'],
    ['something after a quote', 'A="secret"more', '.env:1 goes on after its quote'],
    ['a name that comes twice', 'A=secret\n\nexport A=secret', '.env:3 sets again what line 1 sets'],
    ['a command', 'A=`pass secret`', '.env:1 begins with a backtick'],
    ['bytes that are no text', 'A=sec\0ret', '.env:1 has a zero byte'],
  ])('%s', (_, text, said) => {
    const parse = () => parseEnvFile(text);
    expect(parse).toThrow(EnvFileInvalid);
    expect(parse).toThrow(said);
    expect(parse).not.toThrow(/secret/);
  });
});
