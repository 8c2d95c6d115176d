import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { branchFor, checkBranch, checkCommit, checkSlug, NameRefused } from './names.ts';

test.each([
  '--orphan=x',
  '-b',
  '@',
  'main',
  'refs/heads/x',
  'agent/T1/$(id)',
  'agent/T1/`id`',
  'agent/T1/a;b',
  'agent/T1/a\u202eb',
  'agent/T1/a..b',
  'agent/T1/a.lock',
  'agent/T1/a.',
  'agent/T1/a\nb',
  'agent/T1/',
  'agent/../main',
  'agent/T1/x/y',
  'agent/-T1/x',
  `agent/T1/${'x'.repeat(62)}`,
])('the branch %j is refused', (branch) => {
  expect(() => checkBranch(branch)).toThrow(NameRefused);
});

test('a branch can be made of any title, and git agrees', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (title) => {
      const branch = branchFor('T12', title);
      expect(execFileSync('git', ['check-ref-format', '--branch', branch], { encoding: 'utf8' }).trim()).toBe(branch);
    }),
    { numRuns: 20 },
  );
  expect(branchFor('T4', '  Füge den Speicher hinzu!! ')).toBe('agent/T4/fu-ge-den-speicher-hinzu');
  expect(branchFor('T4', '--output=/etc/passwd')).toBe('agent/T4/output-etc-passwd');
  expect(branchFor('T4', '…')).toBe('agent/T4/work');
});

test.each(['', '..', 'a/b', '-a', 'a b', 'CON', 'nul', 'a\u0000', 'x'.repeat(65)])('the slug %j is refused', (slug) => {
  expect(() => checkSlug(slug)).toThrow(NameRefused);
});

test.each(['HEAD', 'main', '--all', 'abc1234', `${'a'.repeat(40)}\n`])('the commit %j is refused', (commit) => {
  expect(() => checkCommit(commit)).toThrow(NameRefused);
});
