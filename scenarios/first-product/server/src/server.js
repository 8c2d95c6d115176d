// The web service: short links over HTTP, and the pages in public/.

import { existsSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { argv, env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { cleanUrl, slugFor } from './slug.js';
import { openStore } from './store.js';

const LONGEST_BODY = 8 * 1024;
const PAGES = { '/': 'index.html', '/stats': 'stats.html', '/404': '404.html' };

function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}

/** Sends a page of public/; false when there is no such page. */
function sendPage(response, status, path) {
  const file = new URL(`../public/${PAGES[path]}`, import.meta.url);
  if (!Object.hasOwn(PAGES, path) || !existsSync(file)) return false;
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end(readFileSync(file));
  return true;
}

/** The body as text, or undefined when it is longer than a request here may be. */
async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= LONGEST_BODY) chunks.push(chunk);
  }
  return length > LONGEST_BODY ? undefined : Buffer.concat(chunks).toString('utf8');
}

async function addLink(store, request, response) {
  const body = await readBody(request);
  if (body === undefined) return sendJson(response, 413, { error: 'the request is too long' });
  let url;
  try {
    url = cleanUrl(JSON.parse(body)?.url);
  } catch {
    return sendJson(response, 400, { error: 'the body must be JSON like {"url": "https://..."}' });
  }
  if (url === undefined) return sendJson(response, 422, { error: 'url must be an http or https address' });
  const slug = slugFor(url, (taken) => store.get(taken)?.url);
  const link = store.get(slug) ?? store.add(slug, url);
  return sendJson(response, 201, link, { location: `/${slug}` });
}

function follow(store, request, response, path) {
  const link = store.get(path.slice(1));
  if (link) {
    store.hit(link.slug);
    // 302: a browser that keeps a 301 would never be counted again.
    response.writeHead(302, { location: link.url, 'cache-control': 'no-store' });
    return response.end();
  }
  const wantsPage = request.headers.accept?.includes('text/html') ?? false;
  if (wantsPage && sendPage(response, 404, '/404')) return undefined;
  return sendJson(response, 404, { error: 'no such link' });
}

async function handle(store, request, response) {
  // request.url is only the path and the query: URL needs a base to read it.
  const path = new URL(request.url, 'http://localhost').pathname;
  if (request.method === 'POST' && path === '/links') return addLink(store, request, response);
  if (request.method !== 'GET') return sendJson(response, 405, { error: 'GET, or POST /links' });
  if (path === '/healthz') return sendJson(response, 200, { status: 'ok' });
  if (path === '/links') return sendJson(response, 200, store.list());
  if (path !== '/404' && sendPage(response, 200, path)) return undefined;
  return follow(store, request, response, path);
}

/** The service over a store; the caller listens. */
export function createServer(store) {
  return createHttpServer((request, response) => {
    handle(store, request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: 'something went wrong here' });
    });
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer(openStore(env.LINKS_FILE));
  server.listen(Number(env.PORT ?? 8080), env.HOST ?? '127.0.0.1');
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close().closeAllConnections());
}
