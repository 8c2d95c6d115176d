import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ConsumerSpec } from '../../bus/bus.ts';
import { RealClock } from '../../bus/clock.ts';
import { Connection } from '../../bus/jetstream/connection.ts';
import { Publisher } from '../../bus/jetstream/publisher.ts';
import { type Owner, streamName } from '../../bus/jetstream/stream.ts';
import { type JetStreamBus, openJetStreamBus } from '../../bus/jetstream.ts';
import { seal } from '../../bus/messages.ts';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';
import { startProxy, type TcpProxy } from '../fixtures/proxy.ts';
import { goal, ids, Mail } from './mail.ts';
import { roughContract } from './rough.contract.ts';

let storeDir: string;
let server: RunningServer;
let companies = 0;
const owner: Owner = { workspace: '/home/ada/shop', kind: 'company' };

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'headcount-rough-'));
  server = await startServer({ storeDir, port: 0, sync: 'fast' });
});
afterAll(async () => {
  await server.stop();
  await rm(storeDir, { recursive: true });
});

type Rough = {
  readonly company: string;
  readonly proxy: TcpProxy;
  /** Through the proxy. */
  readonly first: JetStreamBus;
  readonly second: JetStreamBus;
  /** Past the proxy, for what an operator of the server does. */
  readonly raw: NatsConnection;
  close(): Promise<void>;
};

async function openRough(): Promise<Rough> {
  companies += 1;
  const company = `rough-${companies}`;
  const proxy = await startProxy({ target: server.url });
  const clock = new RealClock();
  const second = await openJetStreamBus({ servers: server.url, clock, owner, company });
  const first = await openJetStreamBus({ servers: `nats://127.0.0.1:${proxy.port}`, clock, owner, company });
  const raw = await connect({ servers: server.url });
  const close = async () => {
    proxy.resume();
    await first.close();
    await second.close();
    await raw.close();
    await proxy.close();
  };
  return { company, proxy, first, second, raw, close };
}

/** Every answer that is under way is lost, and the client dials again. */
function loseAnswers(proxy: TcpProxy): void {
  proxy.cut();
  proxy.resume();
}

roughContract('jetstream bus', async () => {
  const { company, proxy, first, second, raw, close } = await openRough();
  const jsm = await raw.jetstreamManager();
  return {
    first,
    second,
    ackWaitMs: 600,
    loseConfirmation: async (write) => {
      proxy.pause('down');
      const written = write();
      await proxy.holds('down');
      loseAnswers(proxy);
      return written;
    },
    loseWrite: async (write) => {
      proxy.pause('up');
      const written = write();
      await proxy.holds('up');
      loseAnswers(proxy);
      return written;
    },
    loseAll: async (draft) => {
      const connection = await Connection.open({ servers: `nats://127.0.0.1:${proxy.port}`, company, log: () => {} });
      const publisher = new Publisher(connection, `${company}.`, {
        resendMs: 250,
        giveUpMs: 500,
        ownWrite: async () => undefined,
      });
      proxy.pause('down');
      const data = Buffer.from(JSON.stringify(seal('brain.goal', draft, 0)));
      try {
        return await publisher.send({ subject: 'brain.goal', id: draft.id, data, expected: undefined });
      } finally {
        proxy.resume();
        await connection.close();
      }
    },
    writeOnFullDisk: async (write) => {
      await jsm.streams.update(streamName(company), { max_bytes: 100 });
      return write();
    },
    loseAck: async (settle) => {
      proxy.pause('up');
      settle();
      await proxy.holds('up');
      loseAnswers(proxy);
    },
    willHang: () => {},
    hang: () => proxy.pause(),
    wake: () => proxy.resume(),
    forgetIds: async () => {
      await jsm.streams.update(streamName(company), { duplicate_window: 100_000_000 });
      // The server forgets in its own time: it has when it takes an id a second time.
      const js = raw.jetstream();
      const again = () => js.publish(`${company}.void`, '', { msgID: 'probe' });
      await again();
      while ((await again()).duplicate) await new Promise((resolve) => setImmediate(resolve));
    },
    destroy: close,
  };
});

describe('jetstream bus behind a bad network', () => {
  let rough: Rough;
  beforeEach(async () => {
    rough = await openRough();
  });
  afterEach(() => rough.close());
  const spec = (changes: Partial<ConsumerSpec> = {}): ConsumerSpec => ({
    durable: 'cto',
    filters: ['brain.>'],
    capacity: () => 10,
    ackWaitMs: 600,
    ...changes,
  });

  test('connections that are cut again and again lose nothing and store nothing twice', async () => {
    const { proxy, first, second } = rough;
    const handled = new Map<string, number>();
    await first.consume(spec({ ackWaitMs: 2_000 }), async (delivery) => {
      delivery.ack();
      handled.set(delivery.message.id, (handled.get(delivery.message.id) ?? 0) + 1);
    });
    const tap = new Mail<number>();
    await first.tap({ filter: 'brain.>' }, ({ seq }) => tap.put(seq));
    const writes = ids(400).map((id) => first.publish('brain.goal', goal(id)));
    for (const index of [50, 150, 250]) {
      await writes[index];
      proxy.cut();
    }
    await Promise.all(writes);
    expect((await second.info()).messages).toBe(400);
    expect(await tap.take(400)).toEqual(ids(400).map((_, index) => index + 1));
    for (;;) {
      const [cto] = await second.consumers();
      if (cto?.pending === 0 && cto.inHand === 0) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...handled.values()].filter((count) => count !== 1)).toEqual([]);
    expect(handled.size).toBe(400);
  });

  test('a durable that is deleted while its process is cut off goes on where it was', async () => {
    const { company, proxy, first, second, raw } = rough;
    const mail = new Mail<string>();
    await first.consume(spec(), async (delivery) => {
      delivery.ack();
      mail.put(delivery.message.id);
    });
    await second.publish('brain.goal', goal('a'));
    expect(await mail.next()).toBe('a');
    const settled = async () => (await second.consumers()).every(({ inHand, pending }) => inHand + pending === 0);
    while (!(await settled())) await new Promise((resolve) => setImmediate(resolve));
    proxy.pause();
    proxy.cut();
    await (await raw.jetstreamManager()).consumers.delete(streamName(company), 'cto');
    await second.publish('brain.goal', goal('b'));
    proxy.resume();
    expect(await mail.next()).toBe('b');
    expect(mail.waiting).toBe(0);
  });

  test('where the durables stand is asked again when the answer was lost', async () => {
    const { proxy, first } = rough;
    await first.consume(spec(), async (delivery) => delivery.ack());
    proxy.pause('down');
    const asked = first.consumers();
    await proxy.holds('down');
    loseAnswers(proxy);
    expect(await asked).toMatchObject([{ durable: 'cto', pending: 0, inHand: 0 }]);
  });

  test('a company that may wait is opened before its server is there, and works once it is', async () => {
    const { company, proxy } = rough;
    const placeholder = await startProxy({ target: server.url });
    await placeholder.close();
    const servers = `nats://127.0.0.1:${placeholder.port}`;
    const opening = openJetStreamBus({ servers, clock: new RealClock(), owner, company, wait: true });
    const there = await startProxy({ target: `127.0.0.1:${proxy.port}`, port: placeholder.port });
    const bus = await opening;
    expect(await bus.publish('brain.goal', goal('a'))).toEqual({ seq: 1, duplicate: false });
    await bus.close();
    await there.close();
  });

  test('what is put off does not hold up the others, and ends as it would have in order', async () => {
    const { first, second } = rough;
    const order: string[] = [];
    const all = new Mail<string>();
    await first.consume(spec({ capacity: () => 1 }), async (delivery) => {
      if (delivery.message.id === 'm1' && delivery.attempt === 1) return delivery.nak(100);
      order.push(delivery.message.id);
      delivery.ack();
      all.put(delivery.message.id);
    });
    for (const id of ids(5)) await second.publish('brain.goal', goal(id));
    await all.take(5);
    expect([...order].sort()).toEqual(ids(5));
    expect(order.at(-1)).toBe('m1');
  });
});
