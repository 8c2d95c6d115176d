import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../src/store.js';

test('a link that was added is found again', () => {
  const store = openStore();
  store.add('a1', 'https://example.com/');
  assert.deepEqual(store.get('a1'), { slug: 'a1', url: 'https://example.com/', hits: 0 });
  assert.equal(store.get('b2'), undefined);
});

test('the most followed link comes first', () => {
  const store = openStore();
  store.add('a1', 'https://example.com/a');
  store.add('b2', 'https://example.com/b');
  store.hit('b2');
  assert.deepEqual(store.list().map((link) => link.slug), ['b2', 'a1']);
});

test('links outlive the process, and a line cut off by a crash costs only itself', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'links-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'links.jsonl');
  const before = openStore(file);
  before.add('a1', 'https://example.com/');
  before.hit('a1');
  appendFileSync(file, '{"add":"b2","ur');
  assert.deepEqual(openStore(file).list(), [{ slug: 'a1', url: 'https://example.com/', hits: 1 }]);
});
