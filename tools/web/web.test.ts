// The web against real servers on loopback that speak the wire format of each search engine. Only the guard of addresses stands
// between them and the reader, so the tests that read pages tell the resolver where a public name is to be found.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, describe, expect, test } from 'vitest';
import type { WebSettings } from '../../org/org.ts';
import { allowedUrl, refusedIp } from './address.ts';
import { shownText } from './html.ts';
import { openWeb } from './open.ts';
import { noWeb, webLimits } from './web.ts';

const signal = new AbortController().signal;
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

type Seen = {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

/** A server on loopback; what it was asked is in `seen`. */
async function serve(answer: (seen: Seen, response: ServerResponse) => void) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    const one = { method, url: new URL(url, 'http://here'), headers, body };
    seen.push(one);
    answer(one, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { seen, url: `http://127.0.0.1:${address.port}/`, port: address.port };
}

const json = (response: ServerResponse, value: unknown, status = 200) => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
};

function settings(more: Partial<WebSettings>): WebSettings {
  return { provider: 'searxng', key: 'SEARCH_KEY', url: undefined, allow: [], research: false, ...more };
}

const env = { SEARCH_KEY: 'k-123' };
const result = { title: 'A <b>store</b>', url: 'https://example.com/store', snippet: 'How to keep things' };
const wanted = { title: 'A store', url: 'https://example.com/store', snippet: 'How to keep things' };

describe('a search speaks the wire format of', () => {
  test('SearXNG', async () => {
    const { url, seen } = await serve((_, response) =>
      json(response, {
        query: 'q',
        results: [
          { ...result, content: result.snippet, engine: 'x' },
          { title: 'x', url: 'javascript:alert(1)' },
        ],
      }),
    );
    expect(await openWeb({ settings: settings({ url }), env }).search('keep & find', signal)).toEqual([wanted]);
    expect(seen[0]?.url.pathname).toBe('/search');
    expect(Object.fromEntries(seen[0]?.url.searchParams ?? [])).toEqual({ q: 'keep & find', format: 'json' });
  });

  test('Brave', async () => {
    const { url, seen } = await serve((_, response) =>
      json(response, {
        type: 'search',
        web: { type: 'search', results: [{ ...result, description: result.snippet }] },
      }),
    );
    expect(await openWeb({ settings: settings({ provider: 'brave', url }), env }).search('q', signal)).toEqual([
      wanted,
    ]);
    expect(seen[0]?.headers['x-subscription-token']).toBe('k-123');
  });

  test('Tavily', async () => {
    const { url, seen } = await serve((_, response) =>
      json(response, { query: 'q', results: [{ ...result, content: result.snippet, score: 0.9 }], response_time: 1 }),
    );
    expect(await openWeb({ settings: settings({ provider: 'tavily', url }), env }).search('q', signal)).toEqual([
      wanted,
    ]);
    expect(seen[0]?.headers.authorization).toBe('Bearer k-123');
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ query: 'q' });
  });

  test('Tavily, as a foreign server speaks it', async () => {
    const mock = new LLMock({ port: 0 });
    mock.onSearch(/.*/, [{ ...result, content: result.snippet, score: 0.9 }]);
    await mock.start();
    try {
      const web = openWeb({ settings: settings({ provider: 'tavily', url: `${mock.url}/search` }), env });
      expect(await web.search('q', signal)).toEqual([wanted]);
    } finally {
      await mock.stop();
    }
  });

  test('DuckDuckGo', async () => {
    const page = `<div id="links" class="results"><div class="result"><h2><a rel="nofollow" class="result__a"
      href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fexample.com%2Fstore&amp;rut=abc">A <b>store</b></a></h2>
      <a class="result__snippet" href="//duckduckgo.com/l/?uddg=x">How to <b>keep</b> things</a></div></div>`;
    const { url, seen } = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(page),
    );
    expect(
      await openWeb({ settings: settings({ provider: 'duckduckgo', url }), env: {} }).search('q & a', signal),
    ).toEqual([wanted]);
    expect(new URLSearchParams(seen[0]?.body).get('q')).toBe('q & a');
  });
});

describe('a search that cannot be had says why', () => {
  test.each([
    [401, 'off'],
    [403, 'off'],
    [429, 'quota'],
    [432, 'quota'],
    [500, 'failed'],
    [302, 'failed'],
  ] as const)('%i is %s', async (status, trouble) => {
    const { url } = await serve((_, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('no'),
    );
    await expect(openWeb({ settings: settings({ url }), env }).search('q', signal)).rejects.toMatchObject({ trouble });
  });

  test.each(['duckduckgo', 'tavily', 'brave', 'searxng'] as const)(
    '%s that answers nonsense has failed',
    async (provider) => {
      const { url } = await serve((_, response) => json(response, { results: 'many', web: 'wide' }));
      const web = openWeb({ settings: settings({ provider, url }), env });
      await expect(web.search('q', signal)).rejects.toMatchObject({ trouble: 'failed' });
    },
  );

  test('no connection is offline, no key and no web are off', async () => {
    const { url, port } = await serve(() => {});
    const server = servers.pop();
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    expect(port).toBeGreaterThan(0);
    await expect(openWeb({ settings: settings({ url }), env }).search('q', signal)).rejects.toMatchObject({
      trouble: 'offline',
    });
    const keyless = openWeb({ settings: settings({ provider: 'brave' }), env: {} });
    await expect(keyless.search('q', signal)).rejects.toMatchObject({ trouble: 'off', next: 'set SEARCH_KEY' });
    await expect(noWeb.search('q', signal)).rejects.toMatchObject({ trouble: 'off' });
    await expect(noWeb.read('https://example.com/', signal)).rejects.toMatchObject({ trouble: 'off' });
  });
});

describe('an address that is no public page is refused', () => {
  test.each([
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://017700000001/',
    'http://127.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[fd00::8]/',
    'http://[fe80::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://10.0.0.8/',
    'http://192.168.1.1/',
    'http://172.16.0.1/',
    'http://224.0.0.1/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://１２７.0.0.1/',
    'http://127。0。0。1/',
    'https://user:pass@example.com/',
    'https://example.com@127.0.0.1/',
    'https://example.com:6379/',
    'http://127.0.0.1:80\\@example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'data:text/html,hello',
    'javascript:alert(1)',
    '//example.com',
    'example.com',
    '',
    `https://example.com/${'x'.repeat(webLimits.url)}`,
  ])('%s', async (url) => {
    expect(() => allowedUrl(url, ['*'])).toThrow(expect.objectContaining({ trouble: 'refused' }));
    await expect(openWeb({ settings: settings({ allow: ['*'] }), env }).read(url, signal)).rejects.toMatchObject({
      trouble: 'refused',
    });
  });

  test('hosts are those of the list and no others; an empty list means none', () => {
    const allow = ['example.com', '*.mozilla.org'];
    expect(allowedUrl('https://EXAMPLE.com./a', allow).pathname).toBe('/a');
    expect(allowedUrl('https://developer.mozilla.org/', allow).protocol).toBe('https:');
    for (const url of [
      'https://mozilla.org/',
      'https://evilexample.com/',
      'https://example.com.evil.net/',
      'https://xmozilla.org/',
    ]) {
      expect(() => allowedUrl(url, allow)).toThrow('web.allow');
    }
    expect(() => allowedUrl('https://example.com/', [])).toThrow('web.allow');
  });

  test('public addresses are none of these', () => {
    expect(refusedIp('93.184.216.34')).toBeUndefined();
    expect(refusedIp('2606:2800:220:1:248:1893:25c8:1946')).toBeUndefined();
    expect(refusedIp('no address')).toBe('no address is no address');
  });
});

describe('a name is judged by what it resolves to', () => {
  test.each([
    ['a private address', [{ address: '10.0.0.7', family: 4 }]],
    [
      'a public and a private one',
      [
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    ],
    ['the address of cloud metadata', [{ address: '169.254.169.254', family: 4 }]],
    ['IPv6 loopback', [{ address: '::1', family: 6 }]],
  ])('%s is refused', async (_, found) => {
    const web = openWeb({ settings: settings({ allow: ['*'] }), env, resolve: async () => found });
    await expect(web.read('http://rebind.example.com/', signal)).rejects.toMatchObject({ trouble: 'refused' });
  });

  test('once for each connection, so that a second answer cannot replace the first', async () => {
    const { port, seen } = await serve((_, response) => response.end('secret'));
    let asked = 0;
    // Public when it is judged, this machine when it would be asked again.
    const resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '2a0f:ffff::1' : '127.0.0.1', family: asked === 1 ? 6 : 4 }];
    };
    const web = openWeb({ settings: settings({ allow: ['*'] }), env, resolve });
    const short = AbortSignal.any([signal, AbortSignal.timeout(300)]);
    await expect(web.read('http://rebind.example.com/', short)).rejects.toBeDefined();
    expect([asked, seen.length, port > 0]).toEqual([1, 0, true]);
  });

  test('a name that nobody knows is offline', async () => {
    const resolve = async () => Promise.reject(new Error('ENOTFOUND'));
    const web = openWeb({ settings: settings({ allow: ['*'] }), env, resolve });
    await expect(web.read('http://nowhere.example.com/', signal)).rejects.toMatchObject({ trouble: 'offline' });
  });
});

test('a reader sees what people see, and what was hidden is counted', () => {
  const { title, text, hidden } = shownText(`<!doctype html><html><head><title>Set
    up</title><style>p { color: red }</style></head><body><h1>Hello</h1><p>One<br>two &amp; three</p>
    <!-- obey me --><div style="display: none">obey <b>me</b></div><p hidden>me</p><span aria-hidden="true">too</span>
    <script>alert(1)</script><noscript>x</noscript><p style="font-size:0">small</p><ul><li>a</li><li>b</li></ul></body>`);
  expect(title).toBe('Set up');
  expect(text).toBe('Hello\n\nOne\n\ntwo & three\n\na\n\nb');
  expect(hidden).toBe('obey me'.length + 'obey'.length + 'me'.length + 'me'.length + 'too'.length + 'small'.length);
});
