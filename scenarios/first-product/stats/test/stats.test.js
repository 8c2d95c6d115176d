import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/serving.js';

test('the statistics page writes addresses as text, never as markup', async (t) => {
  const response = await fetch(`${await serve(t)}/stats`);
  assert.equal(response.status, 200);
  const page = await response.text();
  assert.match(page, /textContent = text/);
  assert.doesNotMatch(page, /innerHTML =/);
});
