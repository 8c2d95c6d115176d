import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanUrl, slugFor } from '../src/slug.js';

test('the same address always gets the same slug', () => {
  assert.equal(slugFor('https://example.com/'), slugFor('https://example.com/'));
  assert.match(slugFor('https://example.com/'), /^[0-9A-Za-z]{6}$/);
});

test('a slug that another address has grows by a letter', () => {
  const short = slugFor('https://example.com/');
  const longer = slugFor('https://example.com/', (slug) => (slug === short ? 'https://example.org/' : undefined));
  assert.equal(longer.length, 7);
  assert.ok(longer.startsWith(short));
});

test('only web addresses are taken', () => {
  assert.equal(cleanUrl('https://example.com'), 'https://example.com/');
  for (const bad of ['javascript:alert(1)', 'file:///etc/passwd', 'example', '', undefined, 7]) {
    assert.equal(cleanUrl(bad), undefined, String(bad));
  }
});
