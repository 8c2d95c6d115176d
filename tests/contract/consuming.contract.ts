// What a durable consumer is promised: its share, its capacity, its place.

import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../bus/bus.ts';
import { goal, ids, Mail } from './mail.ts';
import { START, type Stage } from './stage.ts';

export function consuming(on: Stage): void {
  describe('consuming', () => {
    test('delivers what was there before and what comes, oldest first', async () => {
      for (const id of ids(3)) await on.bus.publish('brain.goal', goal(id));
      const mail = new Mail<string>();
      await on.consume((delivery) => {
        delivery.ack();
        mail.put(delivery.message.id);
      });
      await on.bus.publish('brain.goal', goal('last'));
      expect(await mail.take(4)).toEqual([...ids(3), 'last']);
    });

    test('filters by several subjects and wildcards', async () => {
      for (const subject of ['cto.tasks.qa', 'cto.tasks.qa.x', 'forge.pull.1', 'forge.issue.2', 'brain.goal'])
        await on.bus.publish(subject, goal(subject));
      const mail = new Mail<string>();
      const filters = ['cto.tasks.*', 'forge.>', 'forge.issue.2'];
      await on.consume(
        (delivery) => {
          delivery.ack();
          mail.put(delivery.subject);
        },
        { filters },
      );
      expect(await mail.take(3)).toEqual(['cto.tasks.qa', 'forge.pull.1', 'forge.issue.2']);
      expect((await on.bus.consumers()).map(({ durable }) => durable)).toEqual(['cto']);
    });

    test('consumers with one name share the work, others each get all of it', async () => {
      const shared = [new Mail<Delivery>(), new Mail<Delivery>()];
      const other = new Mail<Delivery>();
      const release = new Mail<void>();
      for (const mail of shared) {
        await on.consume(async (delivery, turn) => {
          mail.put(delivery);
          await turn.pause(() => release.next());
          delivery.ack();
        });
      }
      await on.consume(
        (delivery) => {
          delivery.ack();
          other.put(delivery);
        },
        { durable: 'ceo' },
      );
      await on.bus.publish('brain.goal', goal('a'));
      await on.bus.publish('brain.goal', goal('b'));
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
      const consumer = await on.consume(
        async (delivery, turn) => {
          arrived.put(delivery.seq);
          await turn.pause(() => release.next());
          delivery.ack();
        },
        { capacity: () => capacity },
      );
      for (const id of ids(5)) await on.bus.publish('brain.goal', goal(id));
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
      const consumer = await on.consume(
        (delivery) => {
          delivery.ack();
          mail.put(delivery.seq);
        },
        { capacity: () => capacity },
      );
      await on.bus.publish('brain.goal', goal('a'));
      await on.clock.sleepUntil(START + 1_000);
      expect(mail.waiting).toBe(0);
      capacity = 1;
      consumer.wake();
      expect(await mail.next()).toBe(1);
    });

    test('closing a consumer waits for its handlers, and its durable goes on where it was', async () => {
      const mail = new Mail<string>();
      const release = new Mail<void>();
      const first = await on.consume(async (delivery, turn) => {
        mail.put(`${delivery.message.id} begins`);
        await turn.pause(() => release.next());
        delivery.ack();
        mail.put(`${delivery.message.id} ends`);
      });
      await on.bus.publish('brain.goal', goal('a'));
      await on.bus.publish('brain.goal', goal('b'));
      expect(await mail.next()).toBe('a begins');
      const closing = first.close().then(() => mail.put('closed'));
      release.put();
      await closing;
      expect(await mail.take(2)).toEqual(['a ends', 'closed']);
      await on.consume((delivery) => {
        delivery.ack();
        mail.put(delivery.message.id);
      });
      expect(await mail.next()).toBe('b');
    });

    test('a restart keeps what was settled, and delivers again what was not', async () => {
      const mail = new Mail<string>();
      await on.consume(
        (delivery) => {
          if (delivery.message.id === 'settled') delivery.ack();
          mail.put(delivery.message.id);
        },
        { capacity: () => 2 },
      );
      for (const id of ['settled', 'in hand']) await on.bus.publish('brain.goal', goal(id));
      await mail.take(2);
      await on.restart();
      const again = new Mail<[string, number]>();
      await on.consume(
        (delivery) => {
          delivery.ack();
          again.put([delivery.message.id, delivery.attempt]);
        },
        { durable: 'cto' },
      );
      await on.bus.publish('brain.goal', goal('new'));
      const both = await again.take(2);
      expect(both.map(([id]) => id).sort()).toEqual(['in hand', 'new']);
      expect(both.find(([id]) => id === 'in hand')?.[1]).toBeGreaterThan(1);
    });

    test('consumers are listed with what waits and what is in hand', async () => {
      const mail = new Mail<Delivery>();
      const release = new Mail<void>();
      await on.consume(async (delivery, turn) => {
        mail.put(delivery);
        await turn.pause(() => release.next());
        delivery.ack();
      });
      for (const id of ids(3)) await on.bus.publish('brain.goal', goal(id));
      await mail.next();
      const [listed] = await on.bus.consumers();
      expect(listed).toMatchObject({ durable: 'cto', filters: ['brain.>'], redelivered: 0 });
      expect((listed?.pending ?? 0) + (listed?.inHand ?? 0)).toBe(3);
      for (const _ of ids(3)) release.put();
    });
  });
}
