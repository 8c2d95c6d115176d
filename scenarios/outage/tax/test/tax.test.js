import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taxOn } from '../src/tax.js';

test('tax is rounded once, half away from zero', () => {
  assert.equal(taxOn(1_000, 19), 190);
  assert.equal(taxOn(50, 7), 4);
  assert.equal(taxOn(-50, 7), -4);
});
