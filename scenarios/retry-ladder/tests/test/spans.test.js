import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spanMs } from '../src/spans.js';

test('units add up, and may be fractions', () => {
  assert.equal(spanMs('90s'), 90_000);
  assert.equal(spanMs('1h 30m'), 5_400_000);
  assert.equal(spanMs('1.5h'), 5_400_000);
});

test('milliseconds are not minutes', () => {
  assert.equal(spanMs('250ms'), 250);
});

test('what is no duration is refused', () => {
  for (const text of ['', 'soon', '5', '3x 5m', '5m later']) assert.equal(spanMs(text), undefined, text);
});
