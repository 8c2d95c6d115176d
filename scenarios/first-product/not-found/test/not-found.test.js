import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/serving.js';

test('a person gets a page that helps, a program gets JSON', async (t) => {
  const base = await serve(t);
  const page = await fetch(`${base}/nowhere`, { headers: { accept: 'text/html' } });
  assert.equal(page.status, 404);
  assert.match(await page.text(), /make a link of your own/);
  const json = await fetch(`${base}/nowhere`, { headers: { accept: 'application/json' } });
  assert.deepEqual(await json.json(), { error: 'no such link' });
});
