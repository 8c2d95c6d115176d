import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, DiscardPolicy, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, RealClock } from '../../bus/clock.ts';
import { BusFailure } from '../../bus/errors.ts';
import { beginClaim } from '../../bus/jetstream/claim.ts';
import { CompanyRunning, CompanyTaken, StreamMismatch } from '../../bus/jetstream/errors.ts';
import type { Owner } from '../../bus/jetstream/stream.ts';
import { type JetStreamBus, type JetStreamOptions, openJetStreamBus } from '../../bus/jetstream.ts';
import { seal } from '../../bus/messages.ts';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { busContract } from './bus.contract.ts';
import { goal, ids, Mail, until } from './mail.ts';
import { START } from './stage.ts';

let storeDir: string;
let server: RunningServer;
let companies = 0;

/** A name nobody used yet: the tests share one server. */
function newCompany(): string {
  companies += 1;
  return `acme-${companies}`;
}

const owner: Owner = { workspace: '/home/ada/shop', kind: 'company' };

function open(options: Partial<JetStreamOptions> & { company: string }): Promise<JetStreamBus> {
  return openJetStreamBus({ servers: server.url, clock: new RealClock(), owner, ...options });
}

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'headcount-contract-'));
  server = await startServer({ storeDir, port: 0, sync: 'fast' });
});
afterAll(async () => {
  await server.stop();
  await rm(storeDir, { recursive: true });
});

busContract('jetstream bus', async () => {
  const clock = new VirtualClock({ start: START });
  const company = newCompany();
  const world = {
    clock,
    bus: await open({ company, clock }),
    restart: async () => {
      await world.bus.close();
      world.bus = await open({ company, clock });
      return world.bus;
    },
    destroy: () => world.bus.close(),
  };
  return world;
});

/** Claims a company, and waits until it is certain. */
const claimed = async (...given: Parameters<typeof beginClaim>) => (await beginClaim(...given)).settled;

describe('jetstream bus on a real clock', () => {
  let bus: JetStreamBus;
  let raw: NatsConnection;
  const log = new Mail<string>();
  const spec = { durable: 'cto', filters: ['brain.>'], capacity: () => 10, ackWaitMs: 600 };

  const openHere = async (clock: Clock = new RealClock()) => {
    bus = await open({ company: newCompany(), clock, log: log.put });
  };
  beforeEach(async () => {
    raw = await connect({ servers: server.url });
  });
  afterEach(async () => {
    await bus.close();
    await raw.close();
  });

  test('a delivery whose handler runs past the ack wait is given to nobody else', async () => {
    await openHere();
    const other = await open({ company: bus.company });
    const seen = new Mail<number>();
    const release = new Mail<void>();
    const done = new Mail<void>();
    for (const process of [bus, other]) {
      await process.consume(spec, async (delivery) => {
        seen.put(delivery.seq);
        await release.next();
        delivery.ack();
        done.put();
      });
    }
    await bus.publish('brain.goal', goal('slow'));
    expect(await seen.next()).toBe(1);
    // Another consumer, which leaves its delivery unsettled, measures three ack waits.
    const measure = new Mail<number>();
    await bus.consume({ ...spec, durable: 'measure' }, async (delivery) => measure.put(delivery.attempt));
    expect(await measure.take(4)).toEqual([1, 2, 3, 4]);
    release.put();
    await done.next();
    expect(seen.waiting).toBe(0);
    await other.close();
  });

  test('a refused write that is our own earlier one is recognised, although the stream has forgotten its id', async () => {
    await openHere();
    // Without the header it is as if the window for repeated ids had passed.
    const message = seal('brain.goal', goal('mine'), Date.now());
    await raw.jetstream().publish(`${bus.company}.brain.goal`, JSON.stringify(message));
    expect(await bus.publish('brain.goal', goal('mine'), { expectedLastSeq: 0 })).toEqual({ seq: 1, duplicate: true });
    await bus.publish('brain.goal', goal('on top'));
    expect(await bus.publish('brain.goal', goal('mine'), { expectedLastSeq: 0 })).toEqual({ seq: 1, duplicate: true });
  });

  test('delays run on the company clock, also when that runs faster than the wall', async () => {
    await openHere(new RealClock(3_600));
    const mail = new Mail<number>();
    await bus.consume(spec, async (delivery) => {
      if (delivery.attempt === 1) delivery.nak(600_000);
      else delivery.ack();
      mail.put(delivery.attempt);
    });
    await bus.publish('brain.goal', goal('a'));
    expect(await mail.take(2)).toEqual([1, 2]);
  });

  test('what is no message of ours becomes a dead letter, and the next one is delivered', async () => {
    await openHere();
    raw.publish(`${bus.company}.brain.goal`, 'no json');
    raw.publish(`${bus.company}.brain.goal`, '{"type":"brain.goal"}');
    await raw.flush();
    await bus.publish('brain.goal', goal('good'));
    const mail = new Mail<string>();
    await bus.consume(spec, async (delivery) => {
      delivery.ack();
      mail.put(delivery.message.id);
    });
    expect(await mail.next()).toBe('good');
    const dead = await until(bus, 'dead.cto', 2);
    expect(dead.map(({ message }) => message.data)).toMatchObject([
      { seq: 1, subject: 'brain.goal', reason: expect.stringContaining('not JSON'), payload: 'no json', attempts: 1 },
      { seq: 2, reason: expect.stringContaining('no CloudEvents envelope') },
    ]);
  });

  test('a durable that is deleted is made again and goes on', async () => {
    await openHere();
    const mail = new Mail<string>();
    await bus.consume(spec, async (delivery) => {
      delivery.ack();
      mail.put(delivery.message.id);
    });
    await bus.publish('brain.goal', goal('a'));
    expect(await mail.next()).toBe('a');
    const jsm = await raw.jetstreamManager();
    // The server may be writing the durable's state while it removes the folder; the durable is gone all the same.
    await jsm.consumers.delete(bus.company.toUpperCase().replace('-', '_'), 'cto').catch((error: unknown) => {
      if (!String(error).includes('directory not empty')) throw error;
    });
    await bus.publish('brain.goal', goal('b'));
    expect(await mail.next()).toBe('b');
    expect(mail.waiting).toBe(0);
  });

  test('a durable takes new filters without losing its place', async () => {
    await openHere();
    const mail = new Mail<string>();
    const handler = async (delivery: { ack(): void; message: { id: string } }) => {
      delivery.ack();
      mail.put(delivery.message.id);
    };
    const consumer = await bus.consume(spec, handler);
    await bus.publish('brain.goal', goal('a'));
    expect(await mail.next()).toBe('a');
    await consumer.close();
    await bus.consume({ ...spec, filters: ['task.>', 'brain.goal'] }, handler);
    await bus.publish('brain.other', goal('b'));
    await bus.publish('task.x', goal('c'));
    expect(await mail.next()).toBe('c');
  });

  test('a slow process leaves the backlog to another one', async () => {
    await openHere();
    const other = await open({ company: bus.company });
    const stuck = new Mail<void>();
    const first = new Mail<number>();
    await bus.consume({ ...spec, capacity: () => 1, ackWaitMs: 30_000 }, async (delivery) => {
      first.put(delivery.seq);
      await stuck.next();
      delivery.ack();
    });
    for (const id of ids(50)) await bus.publish('brain.goal', goal(id));
    expect(await first.next()).toBe(1);
    const second = new Mail<number>();
    await other.consume({ ...spec, capacity: () => 1, ackWaitMs: 30_000 }, async (delivery) => {
      delivery.ack();
      second.put(delivery.seq);
    });
    expect(await second.take(49)).toEqual(
      ids(50)
        .map((_, index) => index + 1)
        .slice(1),
    );
    stuck.put();
    await other.close();
  });

  test('of a round with much to write the first 28 are on their way before it is over, and all are stored in order', async () => {
    await openHere();
    const handedOver = () => bus.connection.stats().outMsgs;
    const before = handedOver();
    const writes = ids(40).map((id) => bus.publish('brain.goal', goal(id)));
    expect(handedOver() - before).toBe(28);
    const stored = (await Promise.all(writes)).map(({ seq }) => seq);
    expect(stored).toEqual(stored.toSorted((one, other) => one - other));
  });

  test('a message over the limit of the server is refused with the way out', async () => {
    await openHere();
    const large = { ...goal('large'), data: { name: 'x'.repeat(2_000_000), value: 1 } };
    await expect(bus.publish('brain.goal', large)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  });

  test('a full stream is refused, and says that it is full', async () => {
    await openHere();
    const jsm = await raw.jetstreamManager();
    await jsm.streams.update(bus.company.toUpperCase().replace('-', '_'), { max_bytes: 2_000 });
    const writes = await Promise.allSettled(ids(20).map((id) => bus.publish('brain.goal', goal(id))));
    const refused = writes.find((write) => write.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'STORAGE_FULL' });
  });

  test('a deleted stream is a failure, not a wait without end', async () => {
    await openHere();
    const jsm = await raw.jetstreamManager();
    await jsm.streams.delete(bus.company.toUpperCase().replace('-', '_'));
    await expect(bus.publish('brain.goal', goal('a'))).rejects.toMatchObject({ code: 'NO_STREAM' });
  });
});

describe('opening a company', () => {
  const opened: JetStreamBus[] = [];
  const keep = async (bus: Promise<JetStreamBus>) => {
    opened.push(await bus);
    return bus;
  };
  afterEach(async () => {
    for (const bus of opened.splice(0)) await bus.close();
  });

  test('says which server it found', async () => {
    expect((await keep(open({ company: newCompany() }))).serverVersion).toBe(server.version);
  });

  test('without an owner the company must be there', async () => {
    const company = newCompany();
    const { owner: _, ...options } = { servers: server.url, clock: new RealClock(), owner, company };
    await expect(openJetStreamBus(options)).rejects.toMatchObject({ code: 'NO_COMPANY' });
    await keep(open({ company }));
    await keep(openJetStreamBus(options));
  });

  test('a stream made by somebody else is refused, with the field that differs', async () => {
    const raw = await connect({ servers: server.url });
    const jsm = await raw.jetstreamManager();
    const company = newCompany();
    const name = company.toUpperCase().replace('-', '_');
    await jsm.streams.add({ name, subjects: [`${company}.>`], discard: DiscardPolicy.Old });
    await raw.close();
    const opening = open({ company });
    await expect(opening).rejects.toThrow(StreamMismatch);
    await expect(opening).rejects.toMatchObject({ field: 'discard' });
  });

  test('a company of another workspace is taken', async () => {
    const company = newCompany();
    await keep(open({ company }));
    const opening = open({ company, owner: { workspace: '/home/bob/shop', kind: 'company' } });
    await expect(opening).rejects.toThrow(CompanyTaken);
    await expect(opening).rejects.toThrow(/belongs to \/home\/ada\/shop/);
  });

  test('a folder that was moved with its store keeps its company, which is in the new one from then on', async () => {
    const company = newCompany();
    const first = await keep(open({ company }));
    await first.publish('brain.goal', goal('a'));
    const moved: Owner = { workspace: '/home/ada/links', kind: 'company', known: true, keepsStore: true };
    const again = await keep(open({ company, owner: moved }));
    expect([(await again.info()).lastSeq, await again.workspace()]).toEqual([1, '/home/ada/links']);
    await expect(open({ company })).rejects.toThrow(/belongs to \/home\/ada\/links/);
  });

  test('a scenario may begin afresh, a company never', async () => {
    const company = newCompany();
    const scenario: Owner = { workspace: '/home/ada/shop', kind: 'scenario' };
    const first = await keep(open({ company, owner: scenario }));
    await first.publish('brain.goal', goal('a'));
    const digest = await first.putBlob(new Uint8Array(10));
    const again = await keep(open({ company, owner: { ...scenario, fresh: true } }));
    expect((await again.info()).lastSeq).toBe(0);
    await expect(again.getBlob(digest)).rejects.toThrow(BusFailure);
    const over = open({ company, owner });
    await expect(over).rejects.toThrow(CompanyTaken);
    await expect(over).rejects.toMatchObject({ next: expect.stringContaining('headcount up') });
    await expect(open({ company: newCompany(), owner: { ...owner, fresh: true } })).rejects.toThrow(CompanyTaken);
  });

  test('a company takes the place of what a scenario left, once that is told; never that of a company', async () => {
    const company = newCompany();
    const scenario: Owner = { workspace: '/home/ada/shop', kind: 'scenario' };
    const played = await keep(open({ company, owner: scenario }));
    await played.publish('brain.goal', goal('a'));
    const told: number[] = [];
    const taking: Owner = { ...owner, known: true, replaces: async (messages) => void told.push(messages) };
    const elsewhere = open({ company, owner: { ...taking, workspace: '/home/bob/shop' } });
    await expect(elsewhere).rejects.toThrow(/belongs to \/home\/ada\/shop/);
    expect(told).toEqual([]);
    const first = await keep(open({ company, owner: taking }));
    expect(told).toEqual([1]);
    expect((await first.info()).lastSeq).toBe(0);
    await first.publish('brain.goal', goal('b'));
    expect((await (await keep(open({ company, owner: taking }))).info()).lastSeq).toBe(1);
    expect(told).toEqual([1]);
  });

  test('a scenario that is being played is not replaced', async () => {
    const company = newCompany();
    const scenario: Owner = { workspace: '/home/ada/shop', kind: 'scenario' };
    const played = await keep(open({ company, owner: scenario, claim: { pid: 4242, host: 'ada' } }));
    await played.claimed;
    await played.publish('brain.goal', goal('a'));
    const told: number[] = [];
    const taking: Owner = { ...owner, replaces: async (messages) => void told.push(messages) };
    await expect(open({ company, owner: taking, claim: true })).rejects.toThrow(CompanyRunning);
    expect([told, (await played.info()).lastSeq]).toEqual([[], 1]);
  });

  test('where nobody listens it says where it looked, without the password', async () => {
    const opening = open({ company: 'acme', servers: 'nats://ada:secret@127.0.0.1:1' });
    await expect(opening).rejects.toMatchObject({
      code: 'BUS_UNREACHABLE',
      message: expect.not.stringContaining('secret'),
    });
    await expect(opening).rejects.toThrow(/nats:\/\/127\.0\.0\.1:1/);
  });

  test('only one process runs a company; the second hears who does', async () => {
    const company = newCompany();
    const first = await keep(open({ company }));
    const second = await keep(open({ company }));
    await claimed(first, { pid: 4242, host: 'ada' });
    const claiming = claimed(second);
    await expect(claiming).rejects.toThrow(CompanyRunning);
    await expect(claiming).rejects.toMatchObject({ process: { pid: 4242, host: 'ada' } });
    await first.close();
    await claimed(second);
  });

  test('of two that claim at the same moment one wins', async () => {
    const company = newCompany();
    const both = [await keep(open({ company })), await keep(open({ company }))];
    const claims = await Promise.allSettled(both.map((bus) => claimed(bus)));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
