import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/serving.js';

test('the first page offers to shorten an address', async (t) => {
  const response = await fetch(await serve(t));
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/html/);
  assert.match(await response.text(), /<form id="shorten">/);
});
