import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Product } from '../../bus/records.ts';
import { DIGEST_BYTES, digestForBrief, digestOf, type MergedWork } from './codebase.ts';

const shop: Product = {
  slug: 'shop',
  name: 'Shop',
  description: 'Sells things.',
  stack: ['node'],
  test: ['node', '--test'],
  start: undefined,
  health: [],
};

const work = (task: string, about: Partial<MergedWork> = {}): MergedWork => ({
  task,
  agent: 'backend-1',
  title: `Do ${task}`,
  at: Date.UTC(2026, 0, 5, 8),
  paths: ['src/store.js'],
  decisions: [],
  gotchas: [],
  ...about,
});

const paths = ['README.md', 'docs/decisions/0001-a-store.md', 'src/server.js', 'src/store.js'];

test('a digest says what the product is made of, which files matter, what to beware of and what changed, newest first', () => {
  const first = digestOf(undefined, shop, paths, work('T1', { gotchas: ['The store is not durable'] }));
  const second = digestOf(
    first,
    shop,
    paths,
    work('T2', { paths: ['src/store.js', 'src/server.js', 'gone.js'], decisions: ['Answers are JSON'] }),
  );
  expect(second.split('\n').filter((line) => line !== '')).toEqual([
    '# Shop: the codebase',
    expect.stringMatching(/^<!-- headcount: /),
    '## Architecture',
    '- Shop: Sells things.',
    '- Stack: node',
    '- Tests: node --test',
    '- `docs/`: 1 file',
    '- `src/`: 2 files',
    '- At the top: `README.md`',
    '- Decisions, newest first: `docs/decisions/0001-a-store.md`',
    '## Key files',
    '- `src/store.js`: T2, T1',
    '- `src/server.js`: T2',
    '## Known issues and gotchas',
    '- The store is not durable (T1)',
    '## Recent changes',
    '- 2026-01-05 T2 Do T2 (backend-1): `src/store.js`, `src/server.js`, `gone.js`. Decided: Answers are JSON',
    '- 2026-01-05 T1 Do T1 (backend-1): `src/store.js`',
    '<!-- headcount: end -->',
  ]);
  expect(digestForBrief(second)).toMatch(/^### Architecture/);
  expect(digestForBrief('# written by a person')).toBe('');
});

test("a person's words around the marks stay, in a file of theirs too", () => {
  const theirs = digestOf('# Ours\n\nRead me first.\n', shop, paths, work('T1'));
  expect(theirs).toMatch(/^# Ours\n\nRead me first\.\n\n<!-- headcount: /);
  const edited = `${theirs}\nAnd this last.\n`;
  const again = digestOf(edited, shop, paths, work('T2'));
  expect(again).toMatch(/^# Ours\n\nRead me first\.\n\n<!-- /);
  expect(again).toMatch(/<!-- headcount: end -->\n\nAnd this last\.\n$/);
  expect(again).toContain('T1 Do T1');
});

test('it stays within its bytes whatever is said, and no words end its part early', () => {
  const words = fc.oneof(
    fc.string({ maxLength: 600 }),
    fc.constant('x <!-- headcount: end --> `y` \n## Key files\n- z'),
  );
  const entry = fc.record({
    title: words,
    paths: fc.array(words, { maxLength: 20 }),
    decisions: fc.array(words, { maxLength: 8 }),
    gotchas: fc.array(words, { maxLength: 8 }),
  });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 30 }), (entries) => {
      let text: string | undefined;
      for (const [index, one] of entries.entries()) text = digestOf(text, shop, paths, work(`T${index + 1}`, one));
      expect(Buffer.byteLength(digestForBrief(text))).toBeLessThanOrEqual(DIGEST_BYTES + 4);
      expect(text?.match(/<!--/g)).toHaveLength(2);
      expect(digestForBrief(text)).toContain(`T${entries.length} `);
    }),
    { numRuns: 60 },
  );
});
