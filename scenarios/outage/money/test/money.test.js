import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCents, parseCents } from '../src/money.js';

test('an amount that was written is read as it was', () => {
  for (const cents of [0, 5, 99, 100, 1250, -305]) assert.equal(parseCents(formatCents(cents)), cents);
});

test('what is no amount is refused', () => {
  for (const text of ['', '1,50', '1.234', 'NaN']) assert.equal(parseCents(text), undefined, text);
});
