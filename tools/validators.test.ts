import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { scratch } from './fixture.ts';
import { findJsonFault } from './json.ts';
import { validateFiles } from './validators.ts';

function folder(files: Record<string, string>): string {
  const dir = scratch();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

const check = (files: Record<string, string>, env: NodeJS.ProcessEnv = process.env) =>
  validateFiles(folder(files), Object.keys(files), env);

test('what parses gives nothing, and other files are passed over', async () => {
  const validation = await check({
    'a.js': 'export const a = () => 1;\n',
    'b.cjs': 'const b = require("b");\nmodule.exports = { b };\n',
    'c.ts': 'export type T<X> = { x: X };\nlet a = 1 as unknown as T<string>;\n',
    'd.tsx': 'export const D = () => <b>hi</b>;\n',
    'script.js': 'with (Math) module.exports = max(1, 2);\n',
    'jsx.js': 'export const J = () => <b>hi</b>;\n',
    'run.mjs': '#!/usr/bin/env node\nexport {};\nawait 1;\n',
    'e.jsx': 'export const E = () => <b>hi</b>;\n',
    'f.json': '{"a": [1, 2.5e3, null, "x\\u0041"]}',
    'tsconfig.json': '{\n // why\n "a": 1,\n}',
    'g.yaml': 'a: 1\n---\nb: [1, 2]\n',
    'h.py': 'def f(x):\n    return x\n',
    'i.md': '# { not code',
  });
  expect(validation).toEqual({ findings: [], unchecked: [] });
});

test('what does not parse is named with line and column', async () => {
  const { findings } = await check({
    'a.js': 'const ok = 1;\nconst = 2;\n',
    'b.js': 'const a: number = 1;\n',
    'c.ts': 'function f( {\n',
    'd.json': '{\n  "a": 1,\n}',
    'e.yaml': 'a: 1\nb: [1, 2\n',
    'f.py': 'def f(:\n    pass\n',
  });
  const at = findings.map(({ path, line, column }) => `${path}:${line}:${column}`);
  expect(at).toContain('a.js:2:7');
  expect(at).toContain('b.js:1:10');
  expect(at.some((place) => place.startsWith('c.ts:'))).toBe(true);
  expect(at).toContain('d.json:3:1');
  expect(at.some((place) => place.startsWith('e.yaml:'))).toBe(true);
  expect(at).toContain('f.py:1:7');
  expect(findings.every(({ message }) => message.length > 3 && !message.includes('\n'))).toBe(true);
});

test('a missing interpreter is said, and Python leaves nothing behind', async () => {
  const { findings, unchecked } = await check({ 'a.py': 'x = 1\n' }, { PATH: '/nonexistent' });
  expect(findings).toEqual([]);
  expect(unchecked).toEqual([{ path: 'a.py', why: 'python3 is not on the PATH' }]);
  const dir = folder({ 'a.py': 'import os; os.mkdir("ran")\n' });
  await validateFiles(dir, ['a.py'], process.env);
  expect(readdirSync(dir)).toEqual(['a.py']);
});

test('a file too deep for its parser is unchecked or wrong, never a crash', async () => {
  const deep = '['.repeat(20_000);
  const { findings, unchecked } = await check({ 'a.js': deep, 'b.json': deep, 'c.py': deep, 'd.yaml': deep });
  const named = [...findings, ...unchecked].map(({ path }) => path);
  expect([...new Set(named)].sort()).toEqual(['a.js', 'b.json', 'c.py', 'd.yaml']);
});

test('a YAML key that is there twice is found, and a file too large to parse in time is said', async () => {
  const keys = (count: number) => Array.from({ length: count }, (_, index) => `key${index}: &a${index} 1`).join('\n');
  const { findings, unchecked } = await check({
    'a.yaml': 'x: 1\ny:\n  b: 1\n  b: 2\n',
    'b.yaml': keys(2_000),
    'c.yaml': keys(20_000),
  });
  expect(findings).toEqual([{ path: 'a.yaml', line: 4, column: 3, message: 'the key "b" is there twice' }]);
  expect(unchecked).toEqual([{ path: 'c.yaml', why: 'it is larger than 200 KB' }]);
});

test('a deleted file needs no check', async () => {
  expect(await validateFiles(folder({}), ['gone.js'], process.env)).toEqual({ findings: [], unchecked: [] });
});

test.each([
  ['', 0],
  ['{"a" 1}', 5],
  ['[1, 2', 5],
  ['[1 2]', 3],
  ['{"a": 01}', 6],
  ["{'a': 1}", 1],
  ['{} {}', 3],
  ['[tru]', 1],
  ['{"a": "b\n"}', 6],
])('JSON %j goes wrong at %i', (text, at) => {
  expect(findJsonFault(text)?.at).toBe(at);
});
