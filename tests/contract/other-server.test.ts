// The contract of the bus on a nats-server of another age than the launcher's: people bring their own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealClock } from '../../bus/clock.ts';
import { type JetStreamBus, openJetStreamBus } from '../../bus/jetstream.ts';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';
import { isAtLeast } from '../../bus/server/version.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { otherServer, type ServerBinary, usualServer, withServer } from '../fixtures/servers.ts';
import { busContract } from './bus.contract.ts';
import { goal, Mail } from './mail.ts';
import { START } from './stage.ts';

const usual = await usualServer();
const other = await otherServer();
const owner = { workspace: '/home/ada/shop', kind: 'company' } as const;

async function inFolder(body: (storeDir: string) => Promise<void>): Promise<void> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-other-'));
  try {
    await body(storeDir);
  } finally {
    await rm(storeDir, { recursive: true });
  }
}

/** What each durable has delivered and not yet counted as settled. */
async function inHand(bus: JetStreamBus): Promise<number[]> {
  return (await bus.consumers()).map((consumer) => consumer.inHand);
}

describe.skipIf('missing' in other)('another nats-server', () => {
  if ('missing' in other) return;
  let storeDir: string;
  let server: RunningServer;
  let companies = 0;

  beforeAll(async () => {
    storeDir = await mkdtemp(join(tmpdir(), 'headcount-other-'));
    server = await startServer({ storeDir, sync: 'fast', env: withServer(other) });
    expect(server.version).toBe(other.version);
  });
  afterAll(async () => {
    await server.stop();
    await rm(storeDir, { recursive: true });
  });

  busContract(`nats-server ${other.version}`, async () => {
    const clock = new VirtualClock({ start: START });
    companies += 1;
    const company = `acme-${companies}`;
    const open = () => openJetStreamBus({ servers: server.url, clock, owner, company });
    const world = {
      clock,
      bus: await open(),
      restart: async () => {
        await world.bus.close();
        world.bus = await open();
        return world.bus;
      },
      destroy: () => world.bus.close(),
    };
    return world;
  });

  const ages: (readonly [string, ServerBinary, ServerBinary])[] = isAtLeast(usual.version, other.version)
    ? [
        ['a newer', other, usual],
        ['an older', usual, other],
      ]
    : [
        ['a newer', usual, other],
        ['an older', other, usual],
      ];

  test.each(ages)('a company goes on when its nats-server is replaced by %s one', (_, before, after) =>
    inFolder(async (kept) => {
      const got = new Mail<string>();
      const consuming = { durable: 'cto', filters: ['brain.>'], capacity: () => 1, ackWaitMs: 60_000 };
      const on = async (binary: ServerBinary, work: (bus: JetStreamBus) => Promise<void>) => {
        const running = await startServer({ storeDir: kept, env: withServer(binary) });
        const bus = await openJetStreamBus({ servers: running.url, clock: new RealClock(), owner, company: 'acme' });
        await bus.consume(consuming, async (delivery) => {
          got.put(delivery.message.id);
          delivery.ack();
        });
        await work(bus);
        // Nobody confirms an acknowledgement, and a server that is stopped before it has counted it delivers again.
        await expect.poll(() => inHand(bus)).toEqual([0]);
        await bus.close();
        await running.stop();
      };
      const bytes = new TextEncoder().encode('x'.repeat(300_000));
      let digest = '';
      await on(before, async (bus) => {
        await bus.publish('brain.goal', goal('first'));
        expect(await got.next()).toBe('first');
        digest = await bus.putBlob(bytes);
      });
      await on(after, async (bus) => {
        await bus.publish('brain.goal', goal('second'));
        expect(await got.next()).toBe('second');
        expect(Buffer.from(await bus.getBlob(digest)).equals(bytes)).toBe(true);
        const all: string[] = [];
        for await (const { seq, message } of bus.replay({ filter: '>' })) all.push(`${seq} ${message.id}`);
        expect(all).toEqual(['1 first', '2 second']);
      });
    }),
  );
});
