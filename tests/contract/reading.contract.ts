// What a reader is promised: the last message, a replay, a tap.

import { describe, expect, test } from 'vitest';
import type { Bus, Stored } from '../../bus/bus.ts';
import { exportLines, readExport } from '../../bus/export.ts';
import { goal, ids, Mail } from './mail.ts';
import { START, type Stage } from './stage.ts';

export function reading(on: Stage): void {
  describe('reading', () => {
    test('there is no last message on a subject nobody wrote to', async () => {
      await on.bus.publish('brain.goal', goal('a'));
      expect(await on.bus.last('brain.other')).toBeUndefined();
    });

    test('replays a subject, a wildcard, a range and what is left of it', async () => {
      for (const n of [1, 2, 3, 4, 5, 6]) await on.bus.publish(n % 2 ? 'brain.odd' : 'brain.even', goal(`g${n}`));
      const seqs = async (range: Parameters<Bus['replay']>[0]) => (await on.read(range)).map(({ seq }) => seq);
      expect(await seqs({ filter: '>' })).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await seqs({ filter: 'brain.odd' })).toEqual([1, 3, 5]);
      expect(await seqs({ filter: 'brain.*', fromSeq: 3, untilSeq: 5 })).toEqual([3, 4, 5]);
      expect(await seqs({ filter: 'brain.even', fromSeq: 3, untilSeq: 5 })).toEqual([4]);
      expect(await seqs({ filter: 'brain.even', fromSeq: 7 })).toEqual([]);
      expect(await seqs({ filter: 'task.>' })).toEqual([]);
    });

    test('replays a long history of one subject in order', async () => {
      await Promise.all(
        ids(700).flatMap((id) => [on.bus.publish('brain.goal', goal(id)), on.bus.publish('x', goal(`${id}x`))]),
      );
      const found = await on.read({ filter: 'brain.goal' });
      expect(found.map(({ message }) => message.id)).toEqual(ids(700));
      expect(await on.read({ filter: '>' })).toHaveLength(1400);
    });

    test('replays what happened since an instant of the company clock', async () => {
      await on.bus.publish('brain.goal', goal('before'));
      await on.clock.sleepUntil(START + 3_600_000);
      await on.bus.publish('brain.goal', goal('after'));
      for (const filter of ['brain.goal', '>']) {
        const found = await on.read({ filter, since: START + 3_600_000 });
        expect(found.map(({ message }) => message.id)).toEqual(['after']);
      }
    });

    test('a replay ends with what the stream held when it began', async () => {
      for (const id of ids(20)) await on.bus.publish('brain.goal', goal(id));
      let count = 0;
      for await (const { message } of on.bus.replay({ filter: '>' })) {
        count += 1;
        await on.bus.publish('brain.goal', goal(`again-${message.id}`));
      }
      expect(count).toBe(20);
    });

    test('a replay may be left early', async () => {
      for (const id of ids(30)) await on.bus.publish('brain.goal', goal(id));
      for await (const { seq } of on.bus.replay({ filter: 'brain.*' })) if (seq === 3) break;
      expect((await on.bus.last('brain.goal'))?.seq).toBe(30);
    });

    test('a tap from a sequence sees history and then the present, in order', async () => {
      for (const id of ids(3)) await on.bus.publish('brain.goal', goal(id));
      const mail = new Mail<Stored>();
      const tap = await on.bus.tap({ filter: 'brain.>', fromSeq: 2 }, mail.put);
      await on.bus.publish('task.x', goal('elsewhere'));
      await on.bus.publish('brain.other', goal('d'));
      expect((await mail.take(3)).map(({ seq }) => seq)).toEqual([2, 3, 5]);
      await tap.close();
    });

    test('a tap without a sequence sees only what comes', async () => {
      await on.bus.publish('brain.goal', goal('old'));
      const mail = new Mail<Stored>();
      const tap = await on.bus.tap({ filter: '>' }, mail.put);
      await on.bus.publish('brain.goal', goal('new'));
      expect((await mail.next()).message.id).toBe('new');
      await tap.close();
      await on.bus.publish('brain.goal', goal('later'));
      expect(mail.waiting).toBe(0);
    });

    test('a tap never sees a refused write or a repetition', async () => {
      const mail = new Mail<Stored>();
      await on.bus.tap({ filter: '>' }, mail.put);
      await on.bus.publish('brain.goal', goal('a'));
      await on.bus.publish('brain.goal', goal('a'));
      await on.bus.publish('brain.goal', goal('refused'), { expectedLastSeq: 0 }).catch(() => {});
      await on.bus.publish('brain.goal', goal('b'));
      expect((await mail.take(2)).map(({ message }) => message.id)).toEqual(['a', 'b']);
    });

    test('an export is read back as it was, on any bus', async () => {
      for (const id of ids(5)) await on.bus.publish(`brain.${id}`, goal(id));
      let text = '';
      for await (const line of exportLines(on.bus)) text += line;
      expect(readExport(text)).toEqual(await on.read({ filter: '>' }));
    });
  });
}
