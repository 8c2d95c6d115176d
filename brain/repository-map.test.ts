import { expect, test } from 'vitest';
import { repositoryMap, symbolsOf } from './repository-map.ts';

test('a file is told by what it declares at its top level', () => {
  const text = `import { a } from './a.ts';
export const LIMIT = 3;
export async function serve() {
  const inner = 1;
}
class Store {}
export default class Shop {}
export type Entry = { day: number };
`;
  expect(symbolsOf(text)).toEqual(['LIMIT', 'serve', 'Store', 'Shop', 'Entry']);
  expect(symbolsOf('def keep(x):\n  def inner(): pass\nclass Keeper:\n')).toEqual(['keep', 'Keeper']);
  expect(symbolsOf('# Const words\nconstant weather\n')).toEqual([]);
});

test('a map has a line for each path, in order, and says what of it was not read', () => {
  const many = Array.from({ length: 14 }, (_, index) => `const a${index} = 1;\n`).join('');
  const map = repositoryMap(
    ['a.js', 'b.bin', 'c.md'],
    new Map([
      ['a.js', many],
      ['c.md', '# C\n'],
    ]),
  );
  expect(map.split('\n')).toEqual([
    `a.js (${many.length} bytes): a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, and 2 more`,
    'b.bin',
    'c.md (4 bytes)',
  ]);
});
