// Work that dead processes were delivered: who starts gets it at once, and what living ones hold stays with them. The ack wait
// is longer than any test, so that nothing comes back by itself.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Delivery } from '../../bus/bus.ts';
import { RealClock } from '../../bus/clock.ts';
import { BusFailure } from '../../bus/errors.ts';
import { type JetStreamBus, openJetStreamBus } from '../../bus/jetstream.ts';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';
import { goal, ids, Mail } from './mail.ts';

const ACK_WAIT_MS = 3_600_000;

let storeDir: string;
let server: RunningServer;
let companies = 0;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'headcount-takeover-'));
  server = await startServer({ storeDir, sync: 'fast' });
});

afterAll(async () => {
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});

type Process = { readonly bus: JetStreamBus; readonly got: Mail<Delivery> };

/** A process that takes up to `capacity` messages and settles none. */
async function start(company: string, name: string, capacity: number, others: string[] = []): Promise<Process> {
  const owner = { workspace: '/home/ada/shop', kind: 'company' } as const;
  const bus = await openJetStreamBus({ servers: server.url, company, clock: new RealClock(), owner });
  bus.join({ name, incarnation: 1, pid: 1, host: 'ada' }, () => others);
  const got = new Mail<Delivery>();
  const spec = { durable: 'cto', filters: ['brain.>', 'qa.>'], capacity: () => capacity, ackWaitMs: ACK_WAIT_MS };
  await bus.consume(spec, async (delivery) => {
    got.put(delivery);
    await new Promise(() => {});
  });
  return { bus, got };
}

function newCompany(): string {
  companies += 1;
  return `company${companies}`;
}

async function publish({ bus }: Process, wanted: readonly string[]): Promise<void> {
  await Promise.all(wanted.map((id) => bus.publish('brain.goal', goal(id))));
}

const sorted = (deliveries: readonly Delivery[]) => deliveries.map(({ message }) => message.id).sort();

test('what a dead process held comes back to the next one at once, before anything new', async () => {
  const company = newCompany();
  const dead = await start(company, 'p2', 50);
  await publish(dead, ids(80));
  const held = await dead.got.take(50);
  await dead.bus.connection.close();

  const next = await start(company, 'p2', 50);
  const again = await next.got.take(50);
  expect(sorted(again)).toEqual(sorted(held));
  expect(again.every(({ attempt }) => attempt === 2)).toBe(true);
  await next.bus.connection.close();
});

test('what a living process holds stays with it', async () => {
  const company = newCompany();
  const living = await start(company, 'p3', 20);
  await publish(living, ids(40));
  const kept = await living.got.take(20);
  const dead = await start(company, 'p2', 20, ['p3']);
  const lost = await dead.got.take(20);
  expect(new Set([...sorted(kept), ...sorted(lost)]).size).toBe(40);
  await dead.bus.connection.close();

  const next = await start(company, 'p2', 40, ['p3']);
  expect(sorted(await next.got.take(20))).toEqual(sorted(lost));
  expect(next.got.waiting).toBe(0);
  expect((await living.bus.consumers())[0]).toMatchObject({ inHand: 40, redelivered: 20 });
  expect(await next.bus.present(['p3'])).toMatchObject([{ name: 'p3' }]);
  await living.bus.connection.close();
  await next.bus.connection.close();
});

test('a fenced process writes nothing and settles nothing', async () => {
  const company = newCompany();
  const fenced = await start(company, 'p2', 1);
  await publish(fenced, ids(1));
  const [delivery] = await fenced.got.take(1);
  const reason = new BusFailure('FENCED', 'fenced', 'nothing');
  fenced.bus.fence(reason);
  delivery?.ack();
  await expect(fenced.bus.publish('brain.goal', goal('late'))).rejects.toBe(reason);
  const reader = await openJetStreamBus({ servers: server.url, company, clock: new RealClock() });
  await fenced.bus.connection.flush();
  expect((await reader.consumers())[0]?.inHand).toBe(1);
  expect((await reader.info()).messages).toBe(1);
  await reader.close();
  await fenced.bus.connection.close();
});
