// The server dies, or is not the one that is needed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealClock } from '../../bus/clock.ts';
import { NoJetStream, ServerTooOld } from '../../bus/jetstream/errors.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { findServer } from '../../bus/server/find.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { goal, ids, Mail } from './mail.ts';

let storeDir: string;
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'headcount-crash-'));
});
afterEach(() => rm(storeDir, { recursive: true, force: true }));

const options = {
  company: 'acme',
  clock: new RealClock(),
  owner: { workspace: '/home/ada/shop', kind: 'company' },
} as const;

test('a server killed twice in the middle of publishing and consuming loses nothing and duplicates nothing', async () => {
  let server = await startServer({ storeDir, port: 0, sync: 'always' });
  const log = new Mail<string>();
  const bus = await openJetStreamBus({ ...options, servers: server.url, log: log.put });
  const tapped = new Mail<string>();
  const handled = new Mail<string>();
  await bus.tap({ filter: 'brain.>' }, ({ message }) => tapped.put(message.id));
  await bus.consume({ durable: 'cto', filters: ['brain.>'], capacity: () => 5, ackWaitMs: 2_000 }, async (delivery) => {
    delivery.ack();
    handled.put(delivery.message.id);
  });
  const all = ids(3_000);
  const seqs: number[] = [];
  const half = new Mail<void>();
  // A hundred writers at once, and a chain of writes that each expect the one before: a lost confirmation must not look like
  // somebody else's write.
  const line = [...all];
  const writer = async () => {
    for (let id = line.shift(); id; id = line.shift()) {
      seqs.push((await bus.publish('brain.goal', goal(id))).seq);
      if (seqs.length === 500 || seqs.length === 1_500) half.put();
    }
  };
  let links = 0;
  const chain = async () => {
    let seq = 0;
    for (; line.length > 0; links += 1)
      seq = (await bus.publish('task.T1', goal(`link-${links}`), { expectedLastSeq: seq })).seq;
  };
  const writing = Promise.all([chain(), ...Array.from({ length: 100 }, writer)]);
  for (const _ of ['first', 'second']) {
    await half.next();
    process.kill(server.pid, 'SIGKILL');
    await server.stop();
    server = await startServer({ storeDir, port: server.port, sync: 'always' });
  }
  await writing;

  expect(new Set(seqs).size).toBe(all.length);
  expect(links).toBeGreaterThan(10);
  const messages = all.length + links;
  expect(await bus.info()).toMatchObject({ messages, lastSeq: messages });
  expect((await tapped.take(all.length)).sort()).toEqual([...all].sort());
  const seen = new Set<string>();
  while (seen.size < all.length) seen.add(await handled.next());
  expect([await log.next(), await log.next()]).toEqual([
    expect.stringMatching(/lost the nats-server/),
    expect.stringMatching(/is back/),
  ]);
  await bus.close();
  expect(tapped.waiting).toBe(0);
  await server.stop();
});

test('a server without JetStream is refused, with the way out', async () => {
  const found = await findServer({});
  if (!found) throw new Error('no nats-server to be had');
  const child = spawn(found.path, ['-a', '127.0.0.1', '-p', '-1'], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const opening = openJetStreamBus({ ...options, servers: await addressOf(child) });
    await expect(opening).rejects.toThrow(NoJetStream);
  } finally {
    child.kill();
    await once(child, 'exit');
  }
});

test('a server older than 2.10 is refused, with the reason', async () => {
  const old = oldServer();
  await once(old.listen(0, '127.0.0.1'), 'listening');
  const address = old.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const opening = openJetStreamBus({ ...options, servers: `127.0.0.1:${port}` });
  await expect(opening).rejects.toThrow(ServerTooOld);
  await expect(opening).rejects.toThrow(/2\.9\.10 is older than 2\.10: it ignores configuration silently/);
  old.close();
});

/** Greets as 2.9.10 did. */
function oldServer(): Server {
  return createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
    socket.write('INFO {"server_id":"OLD","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576}\r\n');
  });
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stderr) throw new Error('no log');
  for await (const line of createInterface({ input: child.stderr })) {
    const address = /Listening for client connections on (\S+)/.exec(line)?.[1];
    if (address) return address;
  }
  throw new Error('the server ended');
}
