import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FileChange } from '../bus/records.ts';
import { plainSandbox, productsIn, START, scratch, shop } from './fixture.ts';
import { checkChanges, fileLimits, PathRefused, refusedPath } from './paths.ts';

const sandbox = await plainSandbox();
const dir = scratch();
const products = productsIn(dir, sandbox);
const { head } = await products.ensure(shop, START);
const clone = await products.openClone('shop', 'T1', 'agent/T1/paths');
const tree = join(dir, 'work', clone.dir);

/** Everything outside the tree that a write could have touched. */
function outside(): string[] {
  return [...readdirSync(dir), ...readdirSync(join(dir, 'work')), ...readdirSync(join(dir, 'work/T1'))].sort();
}

test.each([
  '',
  '/etc/passwd',
  '../up.txt',
  'a/../../up.txt',
  'a//b',
  './a',
  'a/.',
  'a\\b',
  'C:/x',
  'a\u0000b',
  'a\nb',
  'a\u202etxt.js',
  'a\u200bb',
  '.git/config',
  'sub/.GIT/hooks/pre-commit',
  '.g\u200cit/config',
  'git~1/config',
  '.git./config',
  '.git /config',
  'con',
  'aux.txt',
  'x/COM1.log',
  'cafe\u0301.txt',
  '~/x',
  'x'.repeat(101),
  `${'a/'.repeat(12)}b`,
])('%j is refused', (path) => {
  expect(refusedPath(path)).toBeDefined();
});

test.each([
  'a.txt',
  'src/[id].tsx',
  '.github/workflows/ci.yml',
  '.gitignore',
  'café.txt',
  '-rf',
  '--output=x',
  'a b.md',
  '@x/y',
])('%j is fine', (path) => {
  expect(refusedPath(path)).toBeUndefined();
});

describe('an answer is refused whole', () => {
  const good = { path: 'good.txt', content: 'x' };
  const cases: [string, FileChange[]][] = [
    ['a bad path among good ones', [good, { path: '../bad', content: 'x' }]],
    ['a file named twice in two cases', [good, { path: 'GOOD.txt', content: 'y' }]],
    ['a file that is also a folder', [good, { path: 'good.txt/inner', content: 'y' }]],
    ['a file over 1 MB', [good, { path: 'big', content: 'x'.repeat(fileLimits.fileBytes + 1) }]],
    ['6 MB together', Array.from({ length: 6 }, (_, index) => ({ path: `f${index}`, content: 'x'.repeat(999_999) }))],
    ['201 files', Array.from({ length: 201 }, (_, index) => ({ path: `f${index}`, content: '' }))],
  ];
  test.each(cases)('%s', async (_, files) => {
    expect(() => checkChanges(files)).toThrow(PathRefused);
    await expect(products.apply(clone, files, head)).rejects.toBeInstanceOf(PathRefused);
    expect(readdirSync(tree).sort()).toEqual(['.gitignore', 'README.md']);
  });
});

test('no link leads out, as a file or as a folder', async () => {
  writeFileSync(join(dir, 'secret.txt'), 'secret');
  mkdirSync(join(dir, 'folder'));
  symlinkSync(join(dir, 'secret.txt'), join(tree, 'leaf'));
  symlinkSync(join(dir, 'folder'), join(tree, 'linked'));
  symlinkSync(join(dir, 'nowhere'), join(tree, 'dangling'));
  symlinkSync('.', join(tree, 'self'));
  for (const path of ['leaf', 'linked/x', 'dangling', 'dangling/x', 'self/x', 'README.md/x']) {
    await expect(products.apply(clone, [{ path, content: 'x' }], head), path).rejects.toBeInstanceOf(PathRefused);
    await expect(products.apply(clone, [{ path, delete: true }], head), path).rejects.toBeInstanceOf(PathRefused);
  }
  await expect(products.validate(clone, ['linked/x.json'])).rejects.toBeInstanceOf(PathRefused);
  expect(readFileSync(join(dir, 'secret.txt'), 'utf8')).toBe('secret');
  expect(readdirSync(join(dir, 'folder'))).toEqual([]);
  await expect(products.commit(clone, { message: 'x', author: 'a', at: START })).rejects.toBeInstanceOf(PathRefused);
  await products.openClone('shop', 'T1', 'agent/T1/paths');
});

test('any text as a path, message or author writes inside the clone or not at all', async () => {
  const before = outside();
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '--output=../../pwned',
      '--upload-pack=touch pwned',
      '-c',
      '--',
      '$(touch pwned)',
      '`id`',
      "'; touch x;'",
    ),
    fc
      .array(fc.constantFrom('..', '.git', '.', '/', 'a', '~', '\\', 'config'), { maxLength: 6 })
      .map((parts) => parts.join('/')),
  );
  await fc.assert(
    fc.asyncProperty(text, text, text, async (path, message, author) => {
      const fresh = await products.openClone('shop', 'T1', 'agent/T1/paths');
      const refused = await products.apply(fresh, [{ path, content: 'x' }], head).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refused !== undefined) expect(refused).toBeInstanceOf(PathRefused);
      else await products.commit(fresh, { message, author, at: START });
      expect(outside()).toEqual([...new Set([...before, 'git', 'tree'])].sort());
    }),
    { numRuns: 12 },
  );
});

test.each(['', '..', ' . ', '.-.'])('somebody called %j can be the author of a commit', async (author) => {
  const fresh = await products.openClone('shop', 'T1', 'agent/T1/names');
  await products.apply(fresh, [{ path: 'named.txt', content: author }], await products.head('shop'));
  expect(await products.commit(fresh, { message: 'm', author, at: START })).toMatch(/^[0-9a-f]{40}$/);
});
