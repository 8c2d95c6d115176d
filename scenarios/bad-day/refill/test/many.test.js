import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextQuote } from '../src/quotes.js';

test('more visitors than quotes all get one', () => {
  for (let visitor = 1; visitor <= 100; visitor += 1) assert.match(nextQuote(), / - /, `visitor ${visitor}`);
});
