import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem, nearest, quote, roleKeys, sortProblems } from './problems.ts';

describe('the nearest name', () => {
  const duties = ['write-code', 'write-documents', 'review', 'advise', 'staff'];

  test.each([
    ['write-cod', 'write-code'],
    ['wirte-code', 'write-code'],
    ['Review', 'review'],
    ['write_documents', 'write-documents'],
    ['stafff', 'staff'],
    ['tests', undefined],
    ['x', undefined],
    ['', undefined],
  ])('%s -> %s', (word, expected) => {
    expect(nearest(word, duties)).toBe(expected);
  });

  test('of any word with one letter changed is that word', () => {
    const word = fc.stringMatching(/^[a-z]{4,20}$/);
    fc.assert(
      fc.property(word, fc.nat(), fc.stringMatching(/^[a-z]$/), (right, at, letter) => {
        const index = at % right.length;
        expect(nearest(`${right.slice(0, index)}${letter}${right.slice(index + 1)}`, [right])).toBe(right);
      }),
    );
  });
});

test('a path is said without the bosses above it', () => {
  const keys = ['reports', 'ceo', 'reports', 'cto', 'reports', 'backend', 'duties', 0];
  expect(roleKeys(keys)).toEqual(['roles', 'backend', 'duties', 0]);
  expect(roleKeys(['retry', 'waits'])).toEqual(['retry', 'waits']);
  expect(roleKeys(['reports'])).toEqual(['reports']);
  const problem = { file: 'org.yaml', place: { line: 6, column: 11 }, keys: roleKeys(keys), message: 'is wrong' };
  expect(formatProblem(problem)).toBe('org.yaml:6:11 backend.duties[0] is wrong');
  expect(formatProblem({ ...problem, place: undefined, keys: [] })).toBe('org.yaml is wrong');
});

test('problems are sorted by line and column, each said once', () => {
  const at = (line: number, column: number) => ({ file: 'f', place: { line, column }, keys: [], message: 'm' });
  const unplaced = { file: 'f', place: undefined, keys: [], message: 'm' };
  expect(sortProblems([unplaced, at(10, 2), at(2, 3), at(2, 1), at(2, 3)])).toEqual([
    at(2, 1),
    at(2, 3),
    at(10, 2),
    unplaced,
  ]);
});

test('a long value is cut', () => {
  expect(quote('x'.repeat(100))).toHaveLength(60);
});
