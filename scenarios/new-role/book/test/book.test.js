import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBook } from '../src/book.js';

test('the newest entry comes first', () => {
  const book = openBook();
  book.sign('Ada', 'What a place!', 1);
  book.sign('Grace', 'I will be back.', 2);
  assert.deepEqual(book.entries().map(({ name }) => name), ['Grace', 'Ada']);
});

test('nobody signs without a name', () => {
  assert.equal(openBook().sign(' ', 'hello', 1), undefined);
});

test('an entry is forgotten after thirty days, or when its author asks', () => {
  const book = openBook();
  book.sign('Ada', 'early', 0);
  book.sign('Grace', 'late', 40 * 86_400_000);
  book.sign('Alan', 'late too', 40 * 86_400_000);
  book.forget(41 * 86_400_000, { name: 'Alan' });
  assert.deepEqual(book.entries().map(({ name }) => name), ['Grace']);
});
