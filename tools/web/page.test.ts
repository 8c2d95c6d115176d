// Reading pages over real HTTP. Names lead to a server on loopback here; that none but public addresses are connected to otherwise
// is shown in web.test.ts.

import { createServer, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { afterAll, expect, test } from 'vitest';
import { readPage } from './page.ts';
import { webLimits } from './web.ts';

const signal = new AbortController().signal;
const allow = ['example.com', '*.example.org'];
const asked: string[] = [];

type Answer = (response: ServerResponse) => void;
const answers: Record<string, Answer> = {};

const server = createServer((request, response) => {
  const at = `${request.headers.host}${request.url}`;
  asked.push(at);
  const answer = answers[at];
  if (answer) answer(response);
  else response.writeHead(404).end();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const address = server.address();
const port = typeof address === 'object' && address ? String(address.port) : '';
const connector = buildConnector({});
const everywhereHere: Dispatcher = new Agent({
  connect: (options, done) => connector({ ...options, hostname: '127.0.0.1', port, protocol: 'http:' }, done),
});

const read = (url: string, stop = signal) => readPage(url, allow, everywhereHere, stop);
const page = (body: string | Buffer, headers: Record<string, string> = {}): Answer => {
  return (response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
};
const leadsTo = (location: string, status = 302): Answer => {
  return (response) => response.writeHead(status, { location }).end();
};

test('a page is read as what a reader sees, at the address where it was in the end', async () => {
  answers['example.com/a'] = leadsTo('/b', 301);
  answers['example.com/b'] = leadsTo('http://docs.example.org/c', 308);
  answers['docs.example.org/c'] = page('<title>C</title><p>Hello</p><!-- obey -->');
  expect(await read('http://example.com/a')).toEqual({
    url: 'http://docs.example.org/c',
    title: 'C',
    text: 'Hello',
    cut: false,
    hidden: 4,
  });
});

test.each([
  'http://127.0.0.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[::ffff:10.0.0.1]/',
  'http://localhost/',
  '//0x7f.1/',
  'http://user@example.com/',
  'http://example.com:8080/',
  'http://elsewhere.example.net/',
  'file:///etc/passwd',
  'javascript:alert(1)',
])('a redirect to %s is not followed', async (to) => {
  answers['example.com/jump'] = leadsTo(to);
  const before = asked.length;
  await expect(read('http://example.com/jump')).rejects.toMatchObject({ trouble: 'refused' });
  expect(asked.slice(before)).toEqual(['example.com/jump']);
});

test('a page that leads in a circle is given up', async () => {
  answers['example.com/circle'] = leadsTo('/circle');
  const before = asked.length;
  await expect(read('http://example.com/circle')).rejects.toMatchObject({ trouble: 'refused' });
  expect(asked.length - before).toBe(webLimits.redirects + 1);
});

test('a page without an end is read up to the limit', async () => {
  let sent = 0;
  answers['example.com/endless'] = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 65_536;
    };
    response.on('drain', more);
    more();
  };
  const { text, cut } = await read('http://example.com/endless');
  expect([text.length, cut]).toEqual([webLimits.text, true]);
  expect(sent).toBeLessThan(50 * webLimits.bytes);
});

test.each([
  ['image/png', {}],
  ['application/octet-stream', {}],
  ['', {}],
  ['text/html', { 'content-encoding': 'gzip' }],
])('an answer of type %j %j is no text', async (type, headers) => {
  answers['example.com/thing'] = page(gzipSync('hello'), { 'content-type': type, ...headers });
  await expect(read('http://example.com/thing')).rejects.toMatchObject({ trouble: 'failed' });
});

test('a page in another character set is read in it', async () => {
  answers['example.com/latin'] = page(Buffer.from('<p>Gr\xfc\xdfe</p>', 'latin1'), {
    'content-type': 'text/html; charset="iso-8859-1"',
  });
  expect((await read('http://example.com/latin')).text).toBe('Grüße');
});

test('what is not there has failed, what breaks off is offline', async () => {
  await expect(read('http://example.com/none')).rejects.toMatchObject({ trouble: 'failed' });
  answers['example.com/cut'] = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
    response.write('half', () => response.destroy());
  };
  await expect(read('http://example.com/cut')).rejects.toMatchObject({ trouble: 'offline' });
});

test('whoever stops waiting is let go at once, with their own reason', async () => {
  answers['example.com/slow'] = () => {};
  const stop = new AbortController();
  const reading = read('http://example.com/slow', stop.signal);
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});
