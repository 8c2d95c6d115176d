import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sumInvoice } from '../src/invoice.js';

test('lines of one rate are taxed together', () => {
  const lines = [
    { cents: 333, count: 3, rate: 19 },
    { cents: 250, count: 1, rate: 7 },
  ];
  assert.deepEqual(sumInvoice(lines), {
    net: 1249,
    taxes: [
      { rate: 19, net: 999, tax: 190 },
      { rate: 7, net: 250, tax: 18 },
    ],
    total: 1457,
  });
});

test('an empty invoice costs nothing', () => {
  assert.deepEqual(sumInvoice([]), { net: 0, taxes: [], total: 0 });
});
