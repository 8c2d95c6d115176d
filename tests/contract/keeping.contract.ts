// Blobs, and virtual time.

import { describe, expect, test } from 'vitest';
import { goal, ids, Mail } from './mail.ts';
import { START, type Stage } from './stage.ts';

export function keeping(on: Stage): void {
  describe('blobs', () => {
    test('keeps bytes under their digest, over a restart', async () => {
      const bytes = new TextEncoder().encode('x'.repeat(300_000));
      const digest = await on.bus.putBlob(bytes);
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
      expect(await on.bus.putBlob(bytes)).toBe(digest);
      await on.restart();
      expect(Buffer.from(await on.bus.getBlob(digest)).equals(bytes)).toBe(true);
    });

    test('says so when there is no such blob', async () => {
      await expect(on.bus.getBlob('0'.repeat(64))).rejects.toThrow(/no blob 0000/);
    });
  });

  describe('virtual time', () => {
    test('stands still while a message is on its way', async () => {
      const hops = 40;
      const late = on.clock.sleepUntil(START + 1).then(() => 'time moved');
      const mail = new Mail<string>();
      await on.consume(async (delivery, turn) => {
        const n = Number(delivery.message.id.slice(1));
        if (n < hops) await on.bus.publish('brain.goal', goal(`n${n + 1}`));
        else mail.put(`${n} hops by ${turn.now() - START} ms`);
        delivery.ack();
      });
      await on.bus.publish('brain.goal', goal('n1'));
      void late.then(mail.put);
      expect(await mail.take(2)).toEqual([`${hops} hops by 0 ms`, 'time moved']);
    });

    test('waits for taps, and for a publish that nobody awaits', async () => {
      const mail = new Mail<string>();
      await on.bus.tap({ filter: 'brain.>' }, ({ message }) => mail.put(message.id));
      const late = on.clock.sleepUntil(START + 1).then(() => mail.put('time moved'));
      for (const id of ids(500)) on.bus.tell('brain.goal', goal(id));
      await late;
      expect(await mail.take(501)).toEqual([...ids(500), 'time moved']);
    });

    test('moves on while handlers wait, and in the order of the deadlines', async () => {
      const mail = new Mail<string>();
      await on.consume(
        async (delivery, turn) => {
          const wait = Number(delivery.message.id.slice(1));
          await turn.sleepUntil(START + wait);
          mail.put(`${delivery.message.id} at ${turn.now() - START}`);
          delivery.ack();
        },
        { capacity: () => 3 },
      );
      for (const wait of [300_000, 100_000, 200_000]) await on.bus.publish('brain.goal', goal(`w${wait}`));
      expect(await mail.take(3)).toEqual(['w100000 at 100000', 'w200000 at 200000', 'w300000 at 300000']);
    });
  });
}
