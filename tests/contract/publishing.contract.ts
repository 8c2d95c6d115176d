// What a writer is promised.

import { describe, expect, test } from 'vitest';
import { BusFailure, StaleWrite } from '../../bus/errors.ts';
import { goal, ids } from './mail.ts';
import type { Stage } from './stage.ts';

export function publishing(on: Stage): void {
  describe('publishing', () => {
    test('numbers messages 1, 2, 3 and seals them with subject and time', async () => {
      expect(await on.bus.publish('brain.goal', goal('a'))).toEqual({ seq: 1, duplicate: false });
      expect(await on.bus.publish('brain.goal', goal('b'))).toEqual({ seq: 2, duplicate: false });
      expect(await on.bus.last('brain.goal')).toEqual({
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
      await on.bus.publish('brain.goal', goal('a'));
      expect(await on.bus.publish('brain.goal', goal('a'))).toEqual({ seq: 1, duplicate: true });
      expect((await on.bus.info()).messages).toBe(1);
    });

    test('refuses a writer that has not seen the last message', async () => {
      const first = await on.bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
      await on.bus.publish('brain.goal', goal('b'), { expectedLastSeq: first.seq });
      const stale = on.bus.publish('brain.goal', goal('c'), { expectedLastSeq: first.seq });
      await expect(stale).rejects.toThrow(StaleWrite);
      await expect(stale).rejects.toThrow(/brain\.goal moved on/);
      expect((await on.bus.last('brain.goal'))?.message.id).toBe('b');
    });

    test('the expected sequence is that of the subject, not of the stream', async () => {
      await on.bus.publish('brain.goal', goal('a'));
      expect(await on.bus.publish('brain.other', goal('b'), { expectedLastSeq: 0 })).toMatchObject({ seq: 2 });
    });

    test('recognises its own earlier write, also when others wrote on top of it', async () => {
      await on.bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
      expect(await on.bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 })).toEqual({
        seq: 1,
        duplicate: true,
      });
      await on.bus.publish('brain.goal', goal('b'));
      expect(await on.bus.publish('brain.goal', goal('a'), { expectedLastSeq: 0 })).toEqual({
        seq: 1,
        duplicate: true,
      });
    });

    test('of many writers with one expectation exactly one wins', async () => {
      const tries = await Promise.allSettled(
        ids(20).map((id) => on.bus.publish('brain.goal', goal(id), { expectedLastSeq: 0 })),
      );
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    test('tell stores without being waited for', async () => {
      on.bus.tell('brain.goal', goal('a'));
      await on.bus.publish('brain.goal', goal('b'));
      expect((await on.read({ filter: '>' })).map(({ message }) => message.id)).toEqual(['a', 'b']);
    });

    test('close waits for what is on its way', async () => {
      const writes = ids(300).map((id) => on.bus.publish('brain.goal', goal(id)));
      on.bus.tell('brain.goal', goal('told'));
      await on.restart();
      await Promise.all(writes);
      expect((await on.bus.info()).messages).toBe(301);
    });

    test('a closed bus refuses to publish', async () => {
      await on.bus.close();
      await expect(on.bus.publish('brain.goal', goal('a'))).rejects.toThrow(BusFailure);
    });
  });
}
