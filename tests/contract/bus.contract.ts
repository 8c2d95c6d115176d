// What a bus promises. Run by memory.test.ts and jetstream.test.ts; a promise that only one implementation keeps is no
// promise. Worlds run on a virtual clock: what waits a minute here takes no time, and nothing sleeps.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, ConsumerSpec, Delivery, Stored } from '../../bus/bus.ts';
import type { Clock, Turn } from '../../bus/clock.ts';
import { BusFailure, StaleWrite } from '../../bus/errors.ts';
import { exportLines, readExport } from '../../bus/export.ts';
import { goal, ids, Mail, until } from './mail.ts';

export type World = {
  bus: Bus;
  clock: Clock;
  /** Closes the bus and opens another on the same storage. */
  restart(): Promise<Bus>;
  destroy(): Promise<void>;
};

/** When the worlds' clocks begin. */
export const START = Date.UTC(2030, 0, 1);

export function busContract(name: string, open: () => Promise<World>): void {
  describe(name, () => {
    let world: World;
    let bus: Bus;

    beforeEach(async () => {
      world = await open();
      bus = world.bus;
    });
    afterEach(() => world.destroy());

    const spec = (changes: Partial<ConsumerSpec> = {}): ConsumerSpec => ({
      durable: 'cto',
      filters: ['brain.>'],
      capacity: () => 1,
      ackWaitMs: 60_000,
      ...changes,
    });
    /** Consumes; each delivery is handled in a turn, as hosts do. */
    const consume = (handle: (delivery: Delivery, turn: Turn) => unknown, changes: Partial<ConsumerSpec> = {}) =>
      world.bus.consume(spec(changes), (delivery) =>
        world.clock.turn(async (turn) => void (await handle(delivery, turn))),
      );
    const read = async (range: Parameters<Bus['replay']>[0]) => {
      const found: Stored[] = [];
      for await (const stored of world.bus.replay(range)) found.push(stored);
      return found;
    };

    describe('publishing', () => {
      test('numbers messages 1, 2, 3 and seals them with subject and time', async () => {
        expect(await bus.publish('brain.goal', goal('a'))).toEqual({ seq: 1, duplicate: false });
        expect(await bus.publish('brain.goal', goal('b'))).toEqual({ seq: 2, duplicate: false });
        expect(await bus.last('brain.goal')).toEqual({
          seq: 2,
          subject: 'brain.goal',
          message: {
            specversion: '1.0',
            ...goal('b'),
            time: '2030-01-01T00:00:00.000Z',
            subject: 'brain.goal',
            datacontenttype: 'application/json',
          },
        });
      });

      test('drops a second message with the same id', async () => {
        await bus.publish('brain.goal', goal('a'));
        expect(await bus.publish('brain.goal', goal('a'))).toEqual({ seq: 1, duplicate: true });
        expect((await bus.info()).messages).toBe(1);
      });

      test('refuses a writer that has not seen the last message', async () => {
        const first = await bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
        await bus.publish('brain.goal', goal('b'), { expectedLastSeq: first.seq });
        const stale = bus.publish('brain.goal', goal('c'), { expectedLastSeq: first.seq });
        await expect(stale).rejects.toThrow(StaleWrite);
        await expect(stale).rejects.toThrow(/brain\.goal moved on/);
        expect((await bus.last('brain.goal'))?.message.id).toBe('b');
      });

      test('the expected sequence is that of the subject, not of the stream', async () => {
        await bus.publish('brain.goal', goal('a'));
        expect(await bus.publish('brain.other', goal('b'), { expectedLastSeq: 0 })).toMatchObject({ seq: 2 });
      });

      test('recognises its own earlier write, also when others wrote on top of it', async () => {
        await bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
        expect(await bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 })).toEqual({ seq: 1, duplicate: true });
        await bus.publish('brain.goal', goal('b'));
        expect(await bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 })).toEqual({ seq: 1, duplicate: true });
      });

      test('of many writers with one expectation exactly one wins', async () => {
        const tries = await Promise.allSettled(
          ids(20).map((id) => bus.publish('brain.goal', goal(id), { expectedLastSeq: 0 })),
        );
        expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      });

      test('tell stores without being waited for', async () => {
        bus.tell('brain.goal', goal('a'));
        await bus.publish('brain.goal', goal('b'));
        expect((await read({ filter: '>' })).map(({ message }) => message.id)).toEqual(['a', 'b']);
      });

      test('close waits for what is on its way', async () => {
        const writes = ids(300).map((id) => bus.publish('brain.goal', goal(id)));
        bus.tell('brain.goal', goal('told'));
        bus = await world.restart();
        await Promise.all(writes);
        expect((await bus.info()).messages).toBe(301);
      });

      test('a closed bus refuses to publish', async () => {
        await bus.close();
        await expect(bus.publish('brain.goal', goal('a'))).rejects.toThrow(BusFailure);
      });
    });

    describe('reading', () => {
      test('there is no last message on a subject nobody wrote to', async () => {
        await bus.publish('brain.goal', goal('a'));
        expect(await bus.last('brain.other')).toBeUndefined();
      });

      test('replays a subject, a wildcard, a range and what is left of it', async () => {
        for (const n of [1, 2, 3, 4, 5, 6]) await bus.publish(n % 2 ? 'brain.odd' : 'brain.even', goal(`g${n}`));
        const seqs = async (range: Parameters<Bus['replay']>[0]) => (await read(range)).map(({ seq }) => seq);
        expect(await seqs({ filter: '>' })).toEqual([1, 2, 3, 4, 5, 6]);
        expect(await seqs({ filter: 'brain.odd' })).toEqual([1, 3, 5]);
        expect(await seqs({ filter: 'brain.*', fromSeq: 3, untilSeq: 5 })).toEqual([3, 4, 5]);
        expect(await seqs({ filter: 'brain.even', fromSeq: 3, untilSeq: 5 })).toEqual([4]);
        expect(await seqs({ filter: 'brain.even', fromSeq: 7 })).toEqual([]);
        expect(await seqs({ filter: 'task.>' })).toEqual([]);
      });

      test('replays a long history of one subject in order', async () => {
        await Promise.all(
          ids(700).flatMap((id) => [bus.publish('brain.goal', goal(id)), bus.publish('x', goal(`${id}x`))]),
        );
        const found = await read({ filter: 'brain.goal' });
        expect(found.map(({ message }) => message.id)).toEqual(ids(700));
        expect(await read({ filter: '>' })).toHaveLength(1400);
      });

      test('replays what happened since an instant of the company clock', async () => {
        await bus.publish('brain.goal', goal('before'));
        await world.clock.sleepUntil(START + 3_600_000);
        await bus.publish('brain.goal', goal('after'));
        for (const filter of ['brain.goal', '>']) {
          const found = await read({ filter, since: START + 3_600_000 });
          expect(found.map(({ message }) => message.id)).toEqual(['after']);
        }
      });

      test('a replay ends with what the stream held when it began', async () => {
        for (const id of ids(20)) await bus.publish('brain.goal', goal(id));
        let count = 0;
        for await (const { message } of bus.replay({ filter: '>' })) {
          count += 1;
          await bus.publish('brain.goal', goal(`again-${message.id}`));
        }
        expect(count).toBe(20);
      });

      test('a replay may be left early', async () => {
        for (const id of ids(30)) await bus.publish('brain.goal', goal(id));
        for await (const { seq } of bus.replay({ filter: 'brain.*' })) if (seq === 3) break;
        expect((await bus.last('brain.goal'))?.seq).toBe(30);
      });

      test('a tap from a sequence sees history and then the present, in order', async () => {
        for (const id of ids(3)) await bus.publish('brain.goal', goal(id));
        const mail = new Mail<Stored>();
        const tap = await bus.tap({ filter: 'brain.>', fromSeq: 2 }, mail.put);
        await bus.publish('task.x', goal('elsewhere'));
        await bus.publish('brain.other', goal('d'));
        expect((await mail.take(3)).map(({ seq }) => seq)).toEqual([2, 3, 5]);
        await tap.close();
      });

      test('a tap without a sequence sees only what comes', async () => {
        await bus.publish('brain.goal', goal('old'));
        const mail = new Mail<Stored>();
        const tap = await bus.tap({ filter: '>' }, mail.put);
        await bus.publish('brain.goal', goal('new'));
        expect((await mail.next()).message.id).toBe('new');
        await tap.close();
        await bus.publish('brain.goal', goal('later'));
        expect(mail.waiting).toBe(0);
      });

      test('a tap never sees a refused write or a repetition', async () => {
        const mail = new Mail<Stored>();
        await bus.tap({ filter: '>' }, mail.put);
        await bus.publish('brain.goal', goal('a'));
        await bus.publish('brain.goal', goal('a'));
        await bus.publish('brain.goal', goal('refused'), { expectedLastSeq: 0 }).catch(() => {});
        await bus.publish('brain.goal', goal('b'));
        expect((await mail.take(2)).map(({ message }) => message.id)).toEqual(['a', 'b']);
      });

      test('an export is read back as it was, on any bus', async () => {
        for (const id of ids(5)) await bus.publish(`brain.${id}`, goal(id));
        let text = '';
        for await (const line of exportLines(bus)) text += line;
        expect(readExport(text)).toEqual(await read({ filter: '>' }));
      });
    });

    describe('consuming', () => {
      test('delivers what was there before and what comes, oldest first', async () => {
        for (const id of ids(3)) await bus.publish('brain.goal', goal(id));
        const mail = new Mail<string>();
        await consume((delivery) => {
          delivery.ack();
          mail.put(delivery.message.id);
        });
        await bus.publish('brain.goal', goal('last'));
        expect(await mail.take(4)).toEqual([...ids(3), 'last']);
      });

      test('filters by several subjects and wildcards', async () => {
        for (const subject of ['cto.tasks.qa', 'cto.tasks.qa.x', 'forge.pull.1', 'forge.issue.2', 'brain.goal'])
          await bus.publish(subject, goal(subject));
        const mail = new Mail<string>();
        const filters = ['cto.tasks.*', 'forge.>', 'forge.issue.2'];
        await consume(
          (delivery) => {
            delivery.ack();
            mail.put(delivery.subject);
          },
          { filters },
        );
        expect(await mail.take(3)).toEqual(['cto.tasks.qa', 'forge.pull.1', 'forge.issue.2']);
        expect((await bus.consumers()).map(({ durable }) => durable)).toEqual(['cto']);
      });

      test('consumers with one name share the work, others each get all of it', async () => {
        const shared = [new Mail<Delivery>(), new Mail<Delivery>()];
        const other = new Mail<Delivery>();
        const release = new Mail<void>();
        for (const mail of shared) {
          await consume(async (delivery, turn) => {
            mail.put(delivery);
            await turn.pause(() => release.next());
            delivery.ack();
          });
        }
        await consume(
          (delivery) => {
            delivery.ack();
            other.put(delivery);
          },
          { durable: 'ceo' },
        );
        await bus.publish('brain.goal', goal('a'));
        await bus.publish('brain.goal', goal('b'));
        const [first, second] = await Promise.all(shared.map((mail) => mail.next()));
        expect([first?.seq, second?.seq].sort()).toEqual([1, 2]);
        expect((await other.take(2)).map(({ seq }) => seq)).toEqual([1, 2]);
        release.put();
        release.put();
      });

      test('runs no more handlers at once than the capacity, which may grow', async () => {
        let capacity = 2;
        const arrived = new Mail<number>();
        const release = new Mail<void>();
        const consumer = await consume(
          async (delivery, turn) => {
            arrived.put(delivery.seq);
            await turn.pause(() => release.next());
            delivery.ack();
          },
          { capacity: () => capacity },
        );
        for (const id of ids(5)) await bus.publish('brain.goal', goal(id));
        expect(await arrived.take(2)).toEqual([1, 2]);
        expect([consumer.inHand, arrived.waiting]).toEqual([2, 0]);
        capacity = 4;
        consumer.wake();
        expect(await arrived.take(2)).toEqual([3, 4]);
        release.put();
        expect(await arrived.next()).toBe(5);
        for (const _ of ids(4)) release.put();
      });

      test('without capacity nothing is handed out until it is there', async () => {
        let capacity = 0;
        const mail = new Mail<number>();
        const consumer = await consume(
          (delivery) => {
            delivery.ack();
            mail.put(delivery.seq);
          },
          { capacity: () => capacity },
        );
        await bus.publish('brain.goal', goal('a'));
        await world.clock.sleepUntil(START + 1_000);
        expect(mail.waiting).toBe(0);
        capacity = 1;
        consumer.wake();
        expect(await mail.next()).toBe(1);
      });

      test('a nak with a delay comes back later and holds nobody up', async () => {
        const mail = new Mail<[string, number, number]>();
        await consume((delivery, turn) => {
          mail.put([delivery.message.id, delivery.attempt, turn.now() - START]);
          if (delivery.message.id === 'a' && delivery.attempt === 1) delivery.nak(90_000);
          else delivery.ack();
        });
        await bus.publish('brain.goal', goal('a'));
        await bus.publish('brain.goal', goal('b'));
        expect(await mail.take(3)).toEqual([
          ['a', 1, 0],
          ['b', 1, 0],
          ['a', 2, 90_000],
        ]);
      });

      test('a nak without a delay comes back at once', async () => {
        const mail = new Mail<number>();
        await consume((delivery) => {
          mail.put(delivery.attempt);
          if (delivery.attempt < 3) delivery.nak();
          else delivery.ack();
        });
        await bus.publish('brain.goal', goal('a'));
        expect(await mail.take(3)).toEqual([1, 2, 3]);
        expect(world.clock.now()).toBe(START);
      });

      test('what a handler leaves unsettled, or throws at, comes back after the ack wait', async () => {
        const mail = new Mail<[number, number]>();
        await consume((delivery, turn) => {
          mail.put([delivery.attempt, turn.now() - START]);
          if (delivery.attempt === 2) throw new Error('crashed');
          if (delivery.attempt === 3) delivery.ack();
        });
        await bus.publish('brain.goal', goal('a'));
        expect(await mail.take(3)).toEqual([
          [1, 0],
          [2, 60_000],
          [3, 120_000],
        ]);
      });

      test('a settled delivery is settled once: what a handler says after that is ignored', async () => {
        const mail = new Mail<number>();
        await consume(async (delivery) => {
          delivery.ack();
          delivery.nak(5);
          await delivery.term('too late');
          mail.put(delivery.seq);
        });
        await bus.publish('brain.goal', goal('a'));
        await bus.publish('brain.goal', goal('b'));
        expect(await mail.take(2)).toEqual([1, 2]);
        await world.clock.sleepUntil(START + 600_000);
        expect(mail.waiting).toBe(0);
        expect(await bus.last('dead.cto')).toBeUndefined();
      });

      test('a term publishes a dead letter and never comes back', async () => {
        const mail = new Mail<string>();
        await consume(async (delivery) => {
          mail.put(delivery.message.id);
          await delivery.term('poison');
        });
        await bus.publish('brain.goal', { ...goal('a'), correlationid: 'D1' });
        await bus.publish('brain.goal', goal('b'));
        expect(await mail.take(2)).toEqual(['a', 'b']);
        const dead = await until(bus, 'dead.cto', 2);
        expect(dead[0]?.message).toMatchObject({
          id: 'dead.cto.1',
          type: 'dead.lettered',
          causationid: 'a',
          correlationid: 'D1',
          data: { consumer: 'cto', subject: 'brain.goal', seq: 1, reason: 'poison', attempts: 1 },
        });
        await world.clock.sleepUntil(START + 600_000);
        expect(mail.waiting).toBe(0);
      });

      test('closing a consumer waits for its handlers, and its durable goes on where it was', async () => {
        const mail = new Mail<string>();
        const release = new Mail<void>();
        const first = await consume(async (delivery, turn) => {
          mail.put(`${delivery.message.id} begins`);
          await turn.pause(() => release.next());
          delivery.ack();
          mail.put(`${delivery.message.id} ends`);
        });
        await bus.publish('brain.goal', goal('a'));
        await bus.publish('brain.goal', goal('b'));
        expect(await mail.next()).toBe('a begins');
        const closing = first.close().then(() => mail.put('closed'));
        release.put();
        await closing;
        expect(await mail.take(2)).toEqual(['a ends', 'closed']);
        await consume((delivery) => {
          delivery.ack();
          mail.put(delivery.message.id);
        });
        expect(await mail.next()).toBe('b');
      });

      test('a restart keeps what was settled, and delivers again what was not', async () => {
        const mail = new Mail<string>();
        await consume(
          (delivery) => {
            if (delivery.message.id === 'settled') delivery.ack();
            mail.put(delivery.message.id);
          },
          { capacity: () => 2 },
        );
        for (const id of ['settled', 'in hand']) await bus.publish('brain.goal', goal(id));
        await mail.take(2);
        await world.restart();
        const again = new Mail<[string, number]>();
        await consume(
          (delivery) => {
            delivery.ack();
            again.put([delivery.message.id, delivery.attempt]);
          },
          { durable: 'cto' },
        );
        await world.bus.publish('brain.goal', goal('new'));
        const both = await again.take(2);
        expect(both.map(([id]) => id).sort()).toEqual(['in hand', 'new']);
        expect(both.find(([id]) => id === 'in hand')?.[1]).toBeGreaterThan(1);
      });

      test('consumers are listed with what waits and what is in hand', async () => {
        const mail = new Mail<Delivery>();
        const release = new Mail<void>();
        await consume(async (delivery, turn) => {
          mail.put(delivery);
          await turn.pause(() => release.next());
          delivery.ack();
        });
        for (const id of ids(3)) await bus.publish('brain.goal', goal(id));
        await mail.next();
        const [listed] = await bus.consumers();
        expect(listed).toMatchObject({ durable: 'cto', filters: ['brain.>'], redelivered: 0 });
        expect((listed?.pending ?? 0) + (listed?.inHand ?? 0)).toBe(3);
        for (const _ of ids(3)) release.put();
      });
    });

    describe('blobs', () => {
      test('keeps bytes under their digest, over a restart', async () => {
        const bytes = new TextEncoder().encode('x'.repeat(300_000));
        const digest = await bus.putBlob(bytes);
        expect(digest).toMatch(/^[0-9a-f]{64}$/);
        expect(await bus.putBlob(bytes)).toBe(digest);
        bus = await world.restart();
        expect(Buffer.from(await bus.getBlob(digest)).equals(bytes)).toBe(true);
      });

      test('says so when there is no such blob', async () => {
        await expect(bus.getBlob('0'.repeat(64))).rejects.toThrow(/no blob 0000/);
      });
    });

    describe('virtual time', () => {
      test('stands still while a message is on its way', async () => {
        const hops = 40;
        const late = world.clock.sleepUntil(START + 1).then(() => 'time moved');
        const mail = new Mail<string>();
        await consume(async (delivery, turn) => {
          const n = Number(delivery.message.id.slice(1));
          if (n < hops) await world.bus.publish('brain.goal', goal(`n${n + 1}`));
          else mail.put(`${n} hops by ${turn.now() - START} ms`);
          delivery.ack();
        });
        await bus.publish('brain.goal', goal('n1'));
        void late.then(mail.put);
        expect(await mail.take(2)).toEqual([`${hops} hops by 0 ms`, 'time moved']);
      });

      test('waits for taps, and for a publish that nobody awaits', async () => {
        const mail = new Mail<string>();
        await bus.tap({ filter: 'brain.>' }, ({ message }) => mail.put(message.id));
        const late = world.clock.sleepUntil(START + 1).then(() => mail.put('time moved'));
        for (const id of ids(500)) bus.tell('brain.goal', goal(id));
        await late;
        expect(await mail.take(501)).toEqual([...ids(500), 'time moved']);
      });

      test('moves on while handlers wait, and in the order of the deadlines', async () => {
        const mail = new Mail<string>();
        await consume(
          async (delivery, turn) => {
            const wait = Number(delivery.message.id.slice(1));
            await turn.sleepUntil(START + wait);
            mail.put(`${delivery.message.id} at ${turn.now() - START}`);
            delivery.ack();
          },
          { capacity: () => 3 },
        );
        for (const wait of [300_000, 100_000, 200_000]) await bus.publish('brain.goal', goal(`w${wait}`));
        expect(await mail.take(3)).toEqual(['w100000 at 100000', 'w200000 at 200000', 'w300000 at 300000']);
      });
    });
  });
}
