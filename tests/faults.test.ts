// docs/faults.md says which test shows what happens at a fault. This one sees that it speaks of all of them, and the truth.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

type Row = { readonly id: string; readonly shown: string };
type Shown = { readonly file: string; readonly name: string };

const rows: Row[] = readFileSync(join(root, 'docs/faults.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [FT]\d/.test(line))
  .map((line) => {
    const cells = line.split(' | ');
    return { id: cells[0]?.replace('| ', '') ?? '', shown: cells.at(-1)?.replace(/ \|$/, '') ?? '' };
  });

function testsIn({ shown }: Row): Shown[] {
  return shown.split('<br>').flatMap((one) => {
    const [, file, name] = /^`([^`]+)`: (.+)$/.exec(one) ?? [];
    return file && name ? [{ file, name }] : [];
  });
}

/** Whether a file has a test of this name, in whatever quotes. */
function has({ file, name }: Shown): boolean {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, 'utf8');
  return ["'", '"', '`'].some((quote) => text.includes(`${quote}${name}${quote}`));
}

describe('docs/faults.md', () => {
  test.each([
    ['the faults F1 to F34', 'F', 1, 34],
    ['what outsiders may try, T1 to T15', 'T', 1, 15],
    ['the runaways T37 to T41', 'T', 37, 41],
  ])('has a row for each of %s', (_, letter, first, last) => {
    const ids = Array.from({ length: last - first + 1 }, (_, index) => `${letter}${first + index}`);
    expect(ids.filter((id) => !rows.some((row) => row.id === id))).toEqual([]);
  });

  test('says of every row what shows it, or that nothing does yet', () => {
    const silent = rows.filter((row) => testsIn(row).length === 0 && !row.shown.includes('Not shown yet'));
    expect(silent.map(({ id }) => id)).toEqual([]);
  });

  test.each(rows.flatMap((row) => testsIn(row).map((shown) => ({ ...shown, id: row.id }))))(
    '$id: $file has the test "$name"',
    (shown) => {
      expect(has(shown)).toBe(true);
    },
  );
});
