import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { companyIn, machineIn } from './fixture.ts';
import { checkWeb } from './web.ts';

/** A search engine that answers one thing to everything. */
async function engine(status: number, body: string) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked: () => asked,
    close: () => new Promise((done) => server.close(done)),
  };
}

test('a company without a web has nothing to check', async () => {
  expect(await checkWeb(machineIn(companyIn(''), {}))).toEqual([]);
});

test('a key that is not there, or an address, is found without asking anybody', async () => {
  const brave = companyIn('web: { provider: brave, key: BRAVE_KEY }');
  expect(await checkWeb(machineIn(brave, {}, { live: false }))).toMatchObject({ ok: false, fix: 'set BRAVE_KEY' });
  expect(await checkWeb(machineIn(brave, { BRAVE_KEY: 'x' }, { live: false }))).toMatchObject({ ok: true });
});

test.each([
  [
    200,
    '{"results":[{"title":"a","url":"https://a.test/","content":"b"}]}',
    { ok: true, detail: 'tavily answers: 1 results' },
  ],
  [401, '{}', { ok: false, detail: 'tavily refuses the key (401)', fix: 'check the key' }],
  [432, '{}', { ok: false, detail: expect.stringContaining('asked too often') }],
  [200, '<html>', { ok: false, fix: expect.stringContaining('web.url') }],
])('a search engine that answers %i %s is told as what it is, once asked', async (status, body, expected) => {
  const { url, asked, close } = await engine(status, body);
  const cwd = companyIn(`web: { provider: tavily, key: KEY, url: '${url}' }`);
  expect(await checkWeb(machineIn(cwd, { KEY: 'x' }))).toMatchObject(expected);
  await close();
  expect(asked()).toBe(1);
});

test('a search engine where nobody is, is told as that', async () => {
  const cwd = companyIn("web: { provider: searxng, url: 'http://127.0.0.1:1' }");
  expect(await checkWeb(machineIn(cwd, {}))).toMatchObject({ ok: false, required: true });
});
