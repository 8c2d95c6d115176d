// What users of a bus have to live with on a bad day, and what they are promised even then. Run over a real server behind a
// proxy, and over the memory bus with habits: what one of them does and the other does not is no behaviour to rely on.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Consumer, ConsumerSpec, Delivery, Published } from '../../bus/bus.ts';
import { BusFailure } from '../../bus/errors.ts';
import { goal, Mail } from './mail.ts';

/** Two processes of a company on one stream; the first is the one that things happen to. */
export type RoughWorld = {
  readonly first: Bus;
  readonly second: Bus;
  readonly ackWaitMs: number;
  /** Makes a write of the first whose confirmation is lost after the message was stored. */
  loseConfirmation(write: () => Promise<Published>): Promise<Published>;
  /** Makes a write of the first that never arrives at its first try. */
  loseWrite(write: () => Promise<Published>): Promise<Published>;
  /** Makes a write that is not confirmed for as long as the writer is patient. */
  loseAll(draft: ReturnType<typeof goal>): Promise<unknown>;
  /** Makes a write on a server whose disk is full. */
  writeOnFullDisk(write: () => Promise<Published>): Promise<Published>;
  /** Settles a delivery of the first so that the stream does not hear of it. */
  loseAck(settle: () => void): Promise<void>;
  /** What the first holds is to be delivered again although its handler runs: before it is handed out, and when it is. */
  willHang(): void;
  hang(): void;
  /** The first is as it was; what it said meanwhile arrives. */
  wake(): void;
  /** The dedupe window is over. */
  forgetIds(): Promise<void>;
  destroy(): Promise<void>;
};

export function roughContract(name: string, open: () => Promise<RoughWorld>): void {
  describe(`${name}, on a bad day`, () => {
    let world: RoughWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.destroy());

    const consume = (bus: Bus, handle: (delivery: Delivery) => unknown, changes: Partial<ConsumerSpec> = {}) =>
      bus.consume(
        { durable: 'cto', filters: ['brain.>'], capacity: () => 1, ackWaitMs: world.ackWaitMs, ...changes },
        async (delivery) => {
          await handle(delivery);
        },
      );
    const stored = async () => (await world.second.info()).messages;

    test('a write whose confirmation is lost is sent again, and known: stored once', async () => {
      const published = await world.loseConfirmation(() => world.first.publish('brain.goal', goal('a')));
      expect(published).toEqual({ seq: 1, duplicate: true });
      expect(await stored()).toBe(1);
    });

    test('a write that expected a sequence is known as our own when its confirmation is lost', async () => {
      await world.first.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
      const write = () => world.first.publish('brain.goal', goal('b'), { expectedLastSeq: 1 });
      expect(await world.loseConfirmation(write)).toEqual({ seq: 2, duplicate: true });
      expect(await stored()).toBe(2);
    });

    test('a write that is cut off on its way is sent again: stored once', async () => {
      const published = await world.loseWrite(() => world.first.publish('brain.goal', goal('a')));
      expect(published.seq).toBe(1);
      expect(await stored()).toBe(1);
    });

    test('a write that is never confirmed fails, and says that it may be stored', async () => {
      const failed = await world.loseAll(goal('a')).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(BusFailure);
      expect(failed).toMatchObject({ code: 'BUS_UNREACHABLE', message: expect.stringContaining('may not be stored') });
    });

    test('a write on a full disk is refused at once, with its own code', async () => {
      const failed = await world
        .writeOnFullDisk(() => world.first.publish('brain.goal', goal('a')))
        .catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(BusFailure);
      expect(failed).toMatchObject({ code: expect.stringMatching(/^ST\w+_FULL$/) });
    });

    test('once the window is over an id is accepted again, and only an expected sequence recognises it', async () => {
      await world.first.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
      await world.forgetIds();
      const recognised = world.first.publish('brain.goal', goal('a'), { expectedLastSeq: 0 });
      expect(await recognised).toEqual({ seq: 1, duplicate: true });
      expect(await world.first.publish('brain.goal', goal('a'))).toMatchObject({ duplicate: false });
    });

    /** The first has `a` in hand and hangs; the second gets it. */
    const twoHandlers = async () => {
      const release = new Mail<void>();
      const mine = new Mail<Delivery>();
      const theirs = new Mail<Delivery>();
      const consumers: Consumer[] = [];
      world.willHang();
      consumers.push(
        await consume(world.first, async (delivery) => {
          mine.put(delivery);
          await release.next();
        }),
      );
      await world.second.publish('brain.goal', goal('a'));
      const first = await mine.next();
      world.hang();
      consumers.push(
        await consume(world.second, async (delivery) => {
          theirs.put(delivery);
          await release.next();
        }),
      );
      const second = await theirs.next();
      return { first, second, theirs, letGo: () => [release.put(), release.put()], consumers };
    };

    test('a message whose handler hangs past the ack wait is with a second handler at the same time', async () => {
      const { first, second, letGo } = await twoHandlers();
      expect([first.attempt, second.attempt]).toEqual([1, 2]);
      expect(second.message).toEqual(first.message);
      second.ack();
      letGo();
      world.wake();
    });

    test('a late acknowledgement is accepted although another has the message by now', async () => {
      const { first, letGo, theirs } = await twoHandlers();
      first.ack();
      world.wake();
      await world.first.publish('task.x', goal('the acknowledgement was before this'));
      // The second never says a word: unless the late one counted, it comes back.
      letGo();
      await settled(world.second);
      expect(theirs.waiting).toBe(0);
    });

    test('an acknowledgement that is lost does not lose the message, and it is settled in the end', async () => {
      const attempts: number[] = [];
      const acked = new Mail<void>();
      await consume(world.first, async (delivery) => {
        attempts.push(delivery.attempt);
        if (attempts.length > 1) return delivery.ack();
        await world.loseAck(() => delivery.ack());
        acked.put();
      });
      await world.second.publish('brain.goal', goal('a'));
      await acked.next();
      await settled(world.second);
      expect(attempts[0]).toBe(1);
      // A process that remembers it settles it again by itself; one that does not gets it a second time.
      expect(attempts.length).toBeLessThanOrEqual(2);
    });
  });
}

/** Asks until nothing waits and nothing is in hand; each question is a round trip. */
async function settled(bus: Bus): Promise<void> {
  for (;;) {
    const consumers = await bus.consumers();
    if (consumers.every(({ pending, inHand }) => pending === 0 && inHand === 0)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
