import { createServer as createHttpServer } from 'node:http';
import { argv, env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { nextQuote } from './quotes.js';

function handle(request, response) {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/healthz') return response.end('ok');
  if (path === '/quote') return response.end(`${nextQuote()}\n`);
  response.statusCode = 404;
  return response.end('ask for /quote\n');
}

/** The service; the caller listens. */
export function createServer() {
  return createHttpServer((request, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    try {
      handle(request, response);
    } catch {
      response.statusCode = 500;
      response.end('something went wrong here\n');
    }
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer();
  server.listen(Number(env.PORT ?? 8080), env.HOST ?? '127.0.0.1');
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close().closeAllConnections());
}
