import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../testing/serving.js';

const shorten = (base, body) => fetch(`${base}/links`, { method: 'POST', body: JSON.stringify(body) });
const follow = (base, path) => fetch(`${base}${path}`, { redirect: 'manual' });

test('a long address becomes a short one that leads to it', async (t) => {
  const base = await serve(t);
  const made = await shorten(base, { url: 'https://example.com/a/long/address' });
  assert.equal(made.status, 201);
  const followed = await follow(base, made.headers.get('location'));
  assert.equal(followed.status, 302);
  assert.equal(followed.headers.get('location'), 'https://example.com/a/long/address');
});

test('a query string does not change which link is meant', async (t) => {
  const base = await serve(t);
  const { slug } = await (await shorten(base, { url: 'https://example.com/' })).json();
  assert.equal((await follow(base, `/${slug}?utm_source=mail`)).status, 302);
});

test('following is counted, asking twice for the same address is not', async (t) => {
  const base = await serve(t);
  const { slug } = await (await shorten(base, { url: 'https://example.com/' })).json();
  await follow(base, `/${slug}`);
  await shorten(base, { url: 'https://example.com/' });
  assert.deepEqual(await (await fetch(`${base}/links`)).json(), [{ slug, url: 'https://example.com/', hits: 1 }]);
});

test('what cannot be shortened is refused with a reason', async (t) => {
  const base = await serve(t);
  assert.equal((await shorten(base, { url: 'javascript:alert(1)' })).status, 422);
  assert.equal((await fetch(`${base}/links`, { method: 'POST', body: 'no' })).status, 400);
  assert.equal((await shorten(base, { url: `https://example.com/${'a'.repeat(9000)}` })).status, 413);
  assert.equal((await fetch(`${base}/links`, { method: 'DELETE' })).status, 405);
});

test('it says that it is well, and what it does not know', async (t) => {
  const base = await serve(t);
  assert.deepEqual(await (await fetch(`${base}/healthz`)).json(), { status: 'ok' });
  assert.equal((await follow(base, '/nowhere')).status, 404);
});
