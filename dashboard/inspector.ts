// A relay for the Stately inspector, ours because the one that comes with it listens on every interface, takes any origin and
// sends charts and inputs as they are. This one only listens on loopback, only to its own page and the Stately inspector,
// takes nothing in, and lets no secret out.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { InspectionEvent } from 'xstate';
import { HeadcountError } from '../bus/errors.ts';
import { page, SCRIPT, STATELY, STYLE } from './inspector/page.ts';
import type { Redact } from './inspector/plain.ts';
import { Wire } from './inspector/protocol.ts';
import { Roster } from './inspector/roster.ts';
import { Viewer } from './inspector/viewer.ts';

const HOST = '127.0.0.1';
const MOST_VIEWERS = 16;
/** Viewers have nothing to say; what they send is not read. In bytes. */
const LARGEST_INCOMING = 64 * 1024;
/** Close code for "try again later". */
const TRY_AGAIN = 1013;

export type InspectorOptions = {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Takes secrets out of a text. Applied to every text an actor holds and to each message as a whole. */
  readonly redact: Redact;
  /** Epoch ms for the messages' `createdAt`; default: the wall clock. */
  readonly now?: () => number;
};

export type Inspector = {
  /** The page to open, `http://127.0.0.1:<port>/`. */
  readonly url: string;
  /** Give it to xstate: `createActor(machine, { inspect: inspector.observe })`. Never throws; costs little while nobody watches. */
  readonly observe: (event: InspectionEvent) => void;
  /** Lets the viewers go and stops listening. */
  close(): Promise<void>;
};

function headers(port: number): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src ws://${HOST}:${port} ws://localhost:${port}`,
    `frame-src ${STATELY}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}

const FILES: Readonly<Record<string, { type: string; body: string }>> = {
  '/': { type: 'text/html', body: page(true) },
  '/table': { type: 'text/html', body: page(false) },
  '/inspector.js': { type: 'text/javascript', body: SCRIPT },
  '/inspector.css': { type: 'text/css', body: STYLE },
};

/** The answer a request is refused with; undefined when it may pass. A page of another site can guess our port, not our name. */
function refusal(request: IncomingMessage, port: number): 403 | 421 | undefined {
  const hosts = [`${HOST}:${port}`, `localhost:${port}`];
  if (!hosts.includes(request.headers.host ?? '')) return 421;
  const { origin } = request.headers;
  const origins = [...hosts.map((host) => `http://${host}`), STATELY];
  // Browsers always name the origin of a WebSocket; a program on this machine need not.
  return origin === undefined || origins.includes(origin) ? undefined : 403;
}

function respond(request: IncomingMessage, response: ServerResponse, port: number): void {
  const refused = refusal(request, port);
  const file = FILES[(request.url ?? '/').split('?')[0] ?? '/'];
  const status = refused ?? (request.method !== 'GET' && request.method !== 'HEAD' ? 405 : file ? 200 : 404);
  const type = status === 200 && file ? file.type : 'text/plain';
  response.writeHead(status, { ...headers(port), 'content-type': `${type}; charset=utf-8` });
  response.end(request.method === 'HEAD' ? undefined : status === 200 ? file?.body : `${status}\n`);
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const next = 'choose another port, or 0 for a free one';
      reject(new HeadcountError('PORT_TAKEN', `the inspector cannot listen on port ${port}`, next, { cause }));
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Starts the inspector on loopback. Throws HeadcountError PORT_TAKEN. */
export async function startInspector(options: InspectorOptions): Promise<Inspector> {
  const wire = new Wire(options.redact, options.now ?? Date.now);
  const viewers = new Set<Viewer>();
  const roster = new Roster();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_INCOMING });
  const server = createServer((request, response) => respond(request, response, port));
  const port = await listen(server, options.port ?? 0);

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const refused = refusal(request, port);
    if (refused !== undefined) return refuseUpgrade(socket, refused);
    sockets.handleUpgrade(request, socket, head, (connection) => {
      connection.on('error', () => connection.terminate());
      if (viewers.size >= MOST_VIEWERS) return connection.close(TRY_AGAIN);
      const viewer = new Viewer(connection, wire);
      viewers.add(viewer);
      connection.once('close', () => viewers.delete(viewer));
      viewer.introduce(roster.all());
    });
  });

  const observe = (event: InspectionEvent) => {
    const { actor, isNew } = roster.note(event);
    const watching = [...viewers].filter((viewer) => viewer.watching);
    if (watching.length === 0) return;
    if (isNew) for (const viewer of watching) viewer.introduce([actor]);
    if (event.type !== '@xstate.event' && event.type !== '@xstate.snapshot') return;
    const text = wire.happening(event, actor.events);
    for (const viewer of watching) viewer.happened(event.actorRef.sessionId, text);
  };
  const close = async () => {
    for (const viewer of sockets.clients) viewer.terminate();
    viewers.clear();
    sockets.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  return { url: `http://${HOST}:${port}/`, observe, close };
}
