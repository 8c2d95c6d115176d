// The one way out of a command line: to its model provider, and nowhere else. The program talks to a loopback address of its
// own sandbox, which leads through a socket to this end, and this end calls the provider. The key is put in here, so neither
// the program nor anything that its model has it run ever holds it.

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request as plainRequest,
  type ServerResponse,
} from 'node:http';
import { request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Meter } from './meter.ts';

export type Provider = {
  /** Where it is; paths go below this one. */
  readonly url: string;
  readonly key: string;
  /** How it wants the key. */
  readonly scheme: 'x-api-key' | 'bearer';
};

/** A call that came to nothing. */
type Trouble = {
  /** What the provider answered; 0 where nobody did. */
  readonly status: number;
  readonly why: string;
};

export type Way = {
  /** Shown to the sandbox as /run/headcount. */
  readonly socketDir: string;
  /** This end as a program without a sandbox reaches it. */
  readonly port: number;
  /** What the program takes for its key: good for this way only. */
  readonly token: string;
  /** How the last call failed; undefined when it did not. */
  trouble(): Trouble | undefined;
  close(): Promise<void>;
};

/** Where the program finds the provider inside its sandbox. */
export const INNER_PORT = 8787;

/** The inner end, for `node -e`: hands each loopback connection to the socket, and ends with the program. */
const INNER = `
const net = require('node:net');
const { spawn } = require('node:child_process');
const [port, file, ...args] = process.argv.slice(1);
const server = net.createServer((down) => {
  const up = net.connect('/run/headcount/provider');
  up.on('error', () => down.destroy());
  down.on('error', () => up.destroy());
  down.pipe(up).pipe(down);
});
server.listen(Number(port), '127.0.0.1', () => {
  const program = spawn(file, args, { stdio: 'inherit' });
  program.on('error', () => { console.error(file + ' could not be started'); process.exit(127); });
  program.on('exit', (code) => process.exit(code ?? 1));
});
`;

/** The command that runs `argv` with the provider on INNER_PORT. */
export function withProvider(argv: readonly string[]): readonly string[] {
  return ['node', '-e', INNER, '--', String(INNER_PORT), ...argv];
}

/** Headers that belong to one connection, or that this end sets itself. */
const OWN = new Set([
  'host',
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'upgrade',
  'x-api-key',
  'authorization',
]);

function presented({ headers }: IncomingMessage): string {
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? String(headers['x-api-key'] ?? '');
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The address at the provider for a path of the program; undefined when it would leave it. */
function addressOf(provider: Provider, path: string): URL | undefined {
  const base = new URL(provider.url);
  const below = base.pathname.replace(/\/+$/, '');
  const wanted = path.startsWith('/') ? URL.parse(`${base.origin}${below}${path}`) : null;
  if (!wanted || wanted.origin !== base.origin || !wanted.pathname.startsWith(`${below}/`)) return undefined;
  return wanted;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ type: 'error', error: { type: 'headcount', message } }));
}

/** Of a reply that is metered, so many characters of its start and of its end are looked at. */
const LOOKED_AT = 200_000;

/** Counts a call that asks a model. Undefined where nothing is counted; throws nothing. */
function metered(meter: Meter | undefined, { method }: IncomingMessage): Meter | undefined {
  return method === 'POST' ? meter : undefined;
}

/** What the program is told of a provider that does not answer. */
const UNREACHED = 502;

/** How the last call failed. */
type Line = { trouble: Trouble | undefined };

/** Watches a call on its way. The result says whether it got there: nothing of it is with the provider before its line stands. */
function watch(outgoing: ClientRequest, to: URL, line: Line): () => boolean {
  let reached = false;
  const reach = () => {
    reached = true;
    line.trouble = undefined;
  };
  outgoing.on('response', ({ statusCode: status = 0 }) => {
    line.trouble = status < 400 ? undefined : { status, why: `its provider answered ${status}` };
  });
  outgoing.on('socket', (socket) => {
    if (socket.connecting) socket.once(to.protocol === 'https:' ? 'secureConnect' : 'connect', reach);
    else reach();
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    const why = `nobody answers at ${to.origin}${error.code === undefined ? '' : ` (${error.code})`}`;
    if (!reached) line.trouble = { status: 0, why };
  });
  return () => reached;
}

/** Hears a reply out for the meter; whatever ends it, it is counted, but for a call that nobody has heard. */
function count(meter: Meter, outgoing: ClientRequest, response: ServerResponse, reached: () => boolean): void {
  const over = meter.begun();
  let status: number | undefined;
  let heard = '';
  outgoing.on('response', (reply) => {
    status = reply.statusCode;
    reply.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (heard.length > 3 * LOOKED_AT) heard = heard.slice(0, LOOKED_AT) + heard.slice(-LOOKED_AT);
    });
  });
  response.on('close', () => over(reached() ? status : UNREACHED, heard));
}

function forward(
  provider: Provider,
  token: string,
  meter: Meter | undefined,
  line: Line,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const to = addressOf(provider, incoming.url ?? '');
  if (!same(presented(incoming), token)) {
    refuse(response, 401, 'this way is for another program');
    return;
  }
  if (to === undefined) {
    refuse(response, 403, 'only the provider is reached here');
    return;
  }
  const counted = metered(meter, incoming);
  const why = counted?.refuses();
  if (why !== undefined) {
    refuse(response, 402, why);
    return;
  }
  const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !OWN.has(name)));
  // What is counted must be readable.
  if (counted) headers['accept-encoding'] = 'identity';
  const key =
    provider.scheme === 'bearer' ? { authorization: `Bearer ${provider.key}` } : { 'x-api-key': provider.key };
  const call = to.protocol === 'https:' ? secureRequest : plainRequest;
  const outgoing = call(to, { method: incoming.method, headers: { ...headers, ...key } }, (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(response);
    reply.on('error', () => response.destroy());
  });
  const reached = watch(outgoing, to, line);
  if (counted) count(counted, outgoing, response, reached);
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else refuse(response, UNREACHED, `${to.host} does not answer`);
  });
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

/**
 * Opens this end, as a socket and on a free loopback port.
 * @param meter counts the calls, and refuses those that do not fit; none: every call passes
 */
export async function openWay(provider: Provider, meter?: Meter): Promise<Way> {
  const token = randomBytes(24).toString('hex');
  // A short path: the name of a socket has room for about 100 bytes.
  const socketDir = await mkdtemp(join(tmpdir(), 'headcount-'));
  const line: Line = { trouble: undefined };
  const handle = (incoming: IncomingMessage, response: ServerResponse) =>
    forward(provider, token, meter, line, incoming, response);
  const inner = createServer(handle);
  const outer = createServer(handle);
  inner.listen(join(socketDir, 'provider'));
  outer.listen(0, '127.0.0.1');
  await Promise.all([once(inner, 'listening'), once(outer, 'listening')]);
  const address = outer.address();
  return {
    socketDir,
    token,
    port: typeof address === 'object' && address ? address.port : 0,
    trouble: () => line.trouble,
    async close() {
      for (const server of [inner, outer]) server.closeAllConnections();
      await Promise.all([inner, outer].map((server) => new Promise((resolve) => server.close(resolve))));
      await rm(socketDir, { recursive: true, force: true });
    },
  };
}
