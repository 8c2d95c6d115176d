// How a product in a sandbox without network is reached: its end of the tunnel connects out, to a socket that only it sees,
// and this end hands each loopback connection over. The product can answer; it cannot call anybody, not even on this machine.

import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../bus/server/alive.ts';

/** Connections that the inner end keeps ready, and the most that this end holds. */
const READY = 4;
const MOST = 64;

export type Tunnel = {
  readonly port: number;
  /** Shown to the sandbox as /run/headcount. */
  readonly socketDir: string;
  close(): Promise<void>;
};

/**
 * The inner end, for `node -e`: keeps a few connections open, gives each to the product when its first bytes come, and ends
 * with the product.
 */
const INNER = `
const net = require('node:net');
const { spawn } = require('node:child_process');
const [port, ready, file, ...args] = process.argv.slice(1);
function open() {
  const up = net.connect('/run/headcount/tunnel');
  up.on('error', () => {});
  up.once('data', (first) => {
    open();
    const down = net.connect(Number(port), '127.0.0.1');
    down.on('error', () => up.destroy());
    up.on('close', () => down.destroy());
    down.write(first);
    up.pipe(down).pipe(up);
  });
}
for (let index = 0; index < Number(ready); index += 1) open();
const product = spawn(file, args, { stdio: 'inherit' });
product.on('error', () => { console.error(file + ' could not be started'); process.exit(127); });
product.on('exit', (code) => process.exit(code ?? 1));
`;

/** The command that serves `argv` on `port` through the tunnel. */
export function throughTunnel(argv: readonly string[], port: number): readonly string[] {
  return ['node', '-e', INNER, '--', String(port), String(READY), ...argv];
}

async function listen(server: Server, where: { path: string } | { port: number; host: string }): Promise<void> {
  server.listen(where);
  await once(server, 'listening');
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Joins two sockets: when one ends, so does the other. */
function tie(outside: Socket, inside: Socket): void {
  outside.on('close', () => inside.destroy());
  inside.on('close', () => outside.destroy());
  outside.pipe(inside).pipe(outside);
}

/** What a folder of sockets is called, before the id of its process. */
const NAME = 'headcount-tunnel-';

/** Removes what processes that were killed have left. What belongs to somebody else, or is being removed by another, stays. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = new RegExp(`^${NAME}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

/** Opens this end on a free loopback port. */
export async function openTunnel(): Promise<Tunnel> {
  await sweep();
  // A short path: the name of a socket has room for about 100 bytes.
  const socketDir = await mkdtemp(join(tmpdir(), `${NAME}${process.pid}-`));
  const ready: Socket[] = [];
  const waiting: Socket[] = [];
  const all = new Set<Socket>();

  const hold = (socket: Socket): boolean => {
    if (all.size >= MOST) {
      socket.destroy();
      return false;
    }
    all.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      all.delete(socket);
      for (const line of [ready, waiting]) if (line.includes(socket)) line.splice(line.indexOf(socket), 1);
    });
    return true;
  };
  const meet = () => {
    while (ready.length > 0 && waiting.length > 0) {
      const [outside, inside] = [waiting.shift(), ready.shift()];
      if (outside && inside) tie(outside, inside);
    }
  };
  const take = (line: Socket[]) => (socket: Socket) => {
    if (!hold(socket)) return;
    line.push(socket);
    meet();
  };

  const inner = createServer(take(ready));
  const outer = createServer(take(waiting));
  await listen(inner, { path: join(socketDir, 'tunnel') });
  await listen(outer, { port: 0, host: '127.0.0.1' });
  const address = outer.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    socketDir,
    async close() {
      for (const socket of all) socket.destroy();
      await Promise.all([closed(inner), closed(outer)]);
      await rm(socketDir, { recursive: true, force: true });
    },
  };
}

/** A loopback port that was free a moment ago, for a product that runs without a sandbox. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await listen(server, { port: 0, host: '127.0.0.1' });
  const address = server.address();
  await closed(server);
  return typeof address === 'object' && address ? address.port : 0;
}
