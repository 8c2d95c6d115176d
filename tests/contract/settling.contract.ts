// What becomes of a delivery that is settled, put off, or left to itself.

import { describe, expect, test } from 'vitest';
import { goal, Mail, until } from './mail.ts';
import { START, type Stage } from './stage.ts';

export function settling(on: Stage): void {
  describe('settling', () => {
    test('a nak with a delay comes back later and holds nobody up', async () => {
      const mail = new Mail<[string, number, number]>();
      await on.consume((delivery, turn) => {
        mail.put([delivery.message.id, delivery.attempt, turn.now() - START]);
        if (delivery.message.id === 'a' && delivery.attempt === 1) delivery.nak(90_000);
        else delivery.ack();
      });
      await on.bus.publish('brain.goal', goal('a'));
      await on.bus.publish('brain.goal', goal('b'));
      expect(await mail.take(3)).toEqual([
        ['a', 1, 0],
        ['b', 1, 0],
        ['a', 2, 90_000],
      ]);
    });

    test('a nak without a delay comes back at once', async () => {
      const mail = new Mail<number>();
      await on.consume((delivery) => {
        mail.put(delivery.attempt);
        if (delivery.attempt < 3) delivery.nak();
        else delivery.ack();
      });
      await on.bus.publish('brain.goal', goal('a'));
      expect(await mail.take(3)).toEqual([1, 2, 3]);
      expect(on.clock.now()).toBe(START);
    });

    test('what a handler leaves unsettled, or throws at, comes back after the ack wait', async () => {
      const mail = new Mail<[number, number]>();
      await on.consume((delivery, turn) => {
        mail.put([delivery.attempt, turn.now() - START]);
        if (delivery.attempt === 2) throw new Error('crashed');
        if (delivery.attempt === 3) delivery.ack();
      });
      await on.bus.publish('brain.goal', goal('a'));
      expect(await mail.take(3)).toEqual([
        [1, 0],
        [2, 60_000],
        [3, 120_000],
      ]);
    });

    test('a settled delivery is settled once: what a handler says after that is ignored', async () => {
      const mail = new Mail<number>();
      await on.consume(async (delivery) => {
        delivery.ack();
        delivery.nak(5);
        await delivery.term('too late');
        mail.put(delivery.seq);
      });
      await on.bus.publish('brain.goal', goal('a'));
      await on.bus.publish('brain.goal', goal('b'));
      expect(await mail.take(2)).toEqual([1, 2]);
      await on.clock.sleepUntil(START + 600_000);
      expect(mail.waiting).toBe(0);
      expect(await on.bus.last('dead.cto')).toBeUndefined();
    });

    test('a term publishes a dead letter and never comes back', async () => {
      const mail = new Mail<string>();
      await on.consume(async (delivery) => {
        mail.put(delivery.message.id);
        await delivery.term('poison');
      });
      await on.bus.publish('brain.goal', { ...goal('a'), correlationid: 'D1' });
      await on.bus.publish('brain.goal', goal('b'));
      expect(await mail.take(2)).toEqual(['a', 'b']);
      const dead = await until(on.bus, 'dead.cto', 2);
      expect(dead[0]?.message).toMatchObject({
        id: 'dead.cto.1',
        type: 'dead.lettered',
        causationid: 'a',
        correlationid: 'D1',
        data: { consumer: 'cto', subject: 'brain.goal', seq: 1, reason: 'poison', attempts: 1 },
      });
      await on.clock.sleepUntil(START + 600_000);
      expect(mail.waiting).toBe(0);
    });
  });
}
