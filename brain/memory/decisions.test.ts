import { expect, test } from 'vitest';
import type { Changed } from '../../bus/documents.ts';
import { recordIn, recordPath, touched } from './decisions.ts';

const after = ['README.md', 'src/store.js', 'src/server.js'];

function whatOf(path: string, kind: Changed['kind'] = 'changed', title = 'Change it'): string[] {
  return touched(title, [{ path, kind }], [...after, path]).map(({ what }) => what);
}

test('a change decides about the architecture by the paths it touches, and by nothing else', () => {
  expect(whatOf('package.json')).toEqual(['package manifest']);
  expect(whatOf('services/api/pyproject.toml', 'deleted')).toEqual(['package manifest']);
  expect(whatOf('.github/workflows/test.yml')).toEqual(['how it is built and run']);
  expect(whatOf('src/migrations/2.sql')).toEqual(['stored data']);
  expect(whatOf('api/openapi.yaml', 'changed')).toEqual(['public interface']);
  expect(whatOf('vite.config.ts')).toEqual(['configuration']);
  expect(whatOf('src/store.js')).toEqual([]);
  expect(whatOf('src/new.js', 'added')).toEqual([]);
  expect(whatOf('web/page.html', 'added')).toEqual(['new folder']);
  expect(whatOf('docs/guide.md', 'added')).toEqual([]);
  expect(whatOf('docs/decisions/0001-package.json', 'added')).toEqual([]);
});

test('a bump, a typo or formatting decides nothing', () => {
  expect(whatOf('package.json', 'changed', 'Bump undici')).toEqual([]);
  expect(whatOf('package.json', 'changed', 'Fix a typo')).toEqual([]);
});

test('a folder that was emptied and filled again is not new', () => {
  const changed: Changed[] = [
    { path: 'web/old.html', kind: 'deleted' },
    { path: 'web/new.html', kind: 'added' },
  ];
  expect(touched('Redo the page', changed, [...after, 'web/new.html'])).toEqual([]);
});

test('records are numbered in the order of their merges, and found again among what a merge added', () => {
  expect(recordPath('Use a store', after)).toBe('docs/decisions/0001-use-a-store.md');
  const second = recordPath('«»', [...after, 'docs/decisions/0001-use-a-store.md', 'docs/decisions/notes.md']);
  expect(second).toBe('docs/decisions/0002-decision.md');
  expect(recordIn([{ path: 'package.json', kind: 'added' }])).toBeUndefined();
  expect(recordIn([{ path: second, kind: 'added' }])).toBe(second);
});
