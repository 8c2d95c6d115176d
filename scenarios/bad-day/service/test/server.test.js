import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from '../src/server.js';

test('whoever asks gets a quote, and not the one before', async (t) => {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const ask = async () => (await fetch(`http://127.0.0.1:${server.address().port}/quote`)).text();
  const first = await ask();
  assert.match(first, / - /);
  assert.notEqual(await ask(), first);
});
