import { describe, expect, test } from 'vitest';
import type { Habits } from '../../bus/memory/habits.ts';
import { MemoryStream } from '../../bus/memory/stream.ts';
import { MemoryBus } from '../../bus/memory.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { goal, Mail } from './mail.ts';
import { roughContract } from './rough.contract.ts';
import { START } from './stage.ts';

/** No bad habits at all; a test changes what it needs. */
function good(): { -readonly [K in keyof Habits]: Habits[K] } {
  return {
    publish: () => 'stored',
    delayMs: () => 0,
    redeliver: () => undefined,
    reorder: () => false,
    dropTell: () => false,
    loseAck: () => false,
    staleAck: () => false,
    forgetIds: () => false,
    tapLagMs: () => 0,
    cutUntil: () => undefined,
  };
}

type Fate = ReturnType<Habits['publish']>;

/** The fates of the next writes; after them all are stored. */
function next(...fates: Fate[]): () => Fate {
  return () => fates.shift() ?? 'stored';
}

function world(start = START) {
  const clock = new VirtualClock({ start });
  const stream = new MemoryStream();
  const habits = good();
  const wait = (at: number) => clock.sleepUntil(at);
  const first = new MemoryBus('acme', clock, { stream, habits, wait });
  const second = new MemoryBus('acme', clock, { stream });
  return { clock, stream, habits, first, second };
}

roughContract('memory bus', async () => {
  const { clock, habits, stream, first, second } = world();
  const ackWaitMs = 60_000;
  // Somebody always has time to wait for, so that time goes on while a test looks on.
  let over = false;
  const pulse = async () => {
    while (!over) await clock.sleepUntil(clock.now() + 1_000);
  };
  void pulse();
  return {
    first,
    second,
    ackWaitMs,
    loseConfirmation: (write) => {
      habits.publish = next('unconfirmed');
      return write();
    },
    loseWrite: (write) => {
      habits.publish = next('lost');
      return write();
    },
    loseAll: (draft) => {
      habits.publish = () => 'unconfirmed';
      return first.publish('brain.goal', draft);
    },
    writeOnFullDisk: (write) => {
      habits.publish = next('full');
      return write();
    },
    loseAck: async (settle) => {
      let lost = false;
      habits.loseAck = () => !lost;
      settle();
      lost = true;
    },
    willHang: () => {
      habits.redeliver = () => ackWaitMs;
      habits.staleAck = () => true;
    },
    hang: () => {},
    wake: () => {},
    forgetIds: async () => stream.forgetIds(),
    destroy: async () => {
      over = true;
      await first.close();
      await second.close();
    },
  };
});

describe('memory bus with habits', () => {
  const spec = { durable: 'cto', filters: ['brain.>'], capacity: () => 1, ackWaitMs: 60_000 };

  test('a writer waits out a partition that is shorter than a minute, and is served when it ends', async () => {
    const { clock, habits, first } = world();
    const until = START + 42_000;
    habits.cutUntil = (now) => (now < until ? until : undefined);
    habits.publish = (_, now) => (now < until ? 'lost' : 'stored');
    expect(await first.publish('brain.goal', goal('a'))).toEqual({ seq: 1, duplicate: false });
    expect(clock.now()).toBe(until);
  });

  test('a writer gives up after a minute without an answer', async () => {
    const { clock, habits, first, stream } = world();
    habits.publish = () => 'lost';
    await expect(first.publish('brain.goal', goal('a'))).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
    expect([clock.now() - START, stream.lastSeq]).toEqual([60_000, 0]);
  });

  test('a writer that cannot wait gives up after as many tries', async () => {
    const clock = new VirtualClock({ start: START });
    let tries = 0;
    const habits = good();
    habits.publish = () => {
      tries += 1;
      return 'lost';
    };
    const bus = new MemoryBus('acme', clock, { habits });
    await expect(bus.publish('brain.goal', goal('a'))).rejects.toMatchObject({ code: 'BUS_UNREACHABLE' });
    expect([tries, clock.now()]).toEqual([12, START]);
  });

  test('an id that is forgotten before the second try is stored twice, unless a sequence was expected', async () => {
    for (const [options, messages] of [
      [{}, 2],
      [{ expectedLastSeq: 0 }, 1],
    ] as const) {
      const { habits, first, stream } = world();
      habits.publish = next('unconfirmed');
      habits.forgetIds = () => true;
      await first.publish('brain.goal', goal('a'), options);
      expect(stream.lastSeq).toBe(messages);
    }
  });

  test('what is delayed is handed out later, and what is behind it waits', async () => {
    const { clock, habits, first } = world();
    habits.delayMs = ({ message }) => (message.id === 'a' ? 5_000 : 0);
    const mail = new Mail<[string, number]>();
    await first.consume(spec, async (delivery) => {
      delivery.ack();
      mail.put([delivery.message.id, clock.now() - START]);
    });
    for (const id of ['a', 'b']) await first.publish('brain.goal', goal(id));
    expect(await mail.take(2)).toEqual([
      ['a', 5_000],
      ['b', 5_000],
    ]);
  });

  test('what is put out of order comes right after the one that overtook it', async () => {
    const { habits, first } = world();
    const answers = [true];
    for (const id of ['a', 'b', 'c']) await first.publish('brain.goal', goal(id));
    habits.reorder = () => answers.pop() ?? false;
    const mail = new Mail<string>();
    await first.consume(spec, async (delivery) => {
      delivery.ack();
      mail.put(delivery.message.id);
    });
    expect(await mail.take(3)).toEqual(['b', 'a', 'c']);
  });

  test('nothing is delivered to a process that is cut off, and everything afterwards', async () => {
    const { clock, habits, first, second } = world();
    habits.cutUntil = (now) => (now < START + 30_000 ? START + 30_000 : undefined);
    const mail = new Mail<[string, number]>();
    await first.consume(spec, async (delivery) => {
      delivery.ack();
      mail.put([delivery.message.id, clock.now() - START]);
    });
    await second.publish('brain.goal', goal('a'));
    expect(await mail.next()).toEqual(['a', 30_000]);
  });

  test('a late acknowledgement is ignored where the stream does not accept it', async () => {
    const { clock, habits, first, second } = world();
    habits.redeliver = () => 10_000;
    const mine = new Mail<() => void>();
    const theirs = new Mail<number>();
    const release = new Mail<void>();
    await first.consume(spec, async (delivery) => {
      mine.put(() => delivery.ack());
      await release.next();
    });
    await second.publish('brain.goal', goal('a'));
    const ack = await mine.next();
    await second.consume(spec, async ({ attempt }) => {
      if (theirs.waiting === 0 && attempt === 2) ack();
      theirs.put(attempt);
    });
    await clock.sleepUntil(START + 80_000);
    expect(await theirs.take(2)).toEqual([2, 3]);
    release.put();
  });

  test('one process never has two handlers on one message', async () => {
    const { clock, habits, first } = world();
    habits.redeliver = () => 1_000;
    let running = 0;
    let most = 0;
    const done = new Mail<number>();
    await first.consume({ ...spec, capacity: () => 5 }, async (delivery) => {
      running += 1;
      most = Math.max(most, running);
      await clock.sleepUntil(clock.now() + 150_000);
      running -= 1;
      delivery.ack();
      done.put(delivery.attempt);
    });
    await first.publish('brain.goal', goal('a'));
    await done.next();
    expect(most).toBe(1);
  });

  test('a tap that lags sees everything, in order, and a new one begins where it is', async () => {
    const { clock, habits, first } = world();
    habits.tapLagMs = ({ message }) => (message.id === 'b' ? 9_000 : 0);
    const seen: [string, number][] = [];
    const late: string[] = [];
    await first.tap({ filter: '>' }, ({ message }) => void seen.push([message.id, clock.now() - START]));
    for (const id of ['a', 'b', 'c']) await first.publish('brain.goal', goal(id));
    await first.tap({ filter: '>', fromSeq: 1 }, ({ message }) => void late.push(message.id));
    expect(late).toEqual(['a']);
    await clock.sleepUntil(START + 9_000);
    expect(seen).toEqual([
      ['a', 0],
      ['b', 9_000],
      ['c', 9_000],
    ]);
    expect(late).toEqual(['a', 'b', 'c']);
  });

  test('a tell that is dropped is nowhere', async () => {
    const { habits, first, stream } = world();
    habits.dropTell = ({ id }) => id === 'a';
    for (const id of ['a', 'b']) first.tell('brain.goal', goal(id));
    expect(stream.messages.map(({ message }) => message.id)).toEqual(['b']);
  });
});

describe('several memory buses on one stream', () => {
  const spec = { durable: 'cto', filters: ['brain.>'], capacity: () => 1, ackWaitMs: 60_000 };

  test('share a durable, and hear of what the others write', async () => {
    const { first, second } = world();
    const mail = [new Mail<number>(), new Mail<number>()];
    const release = new Mail<void>();
    const heard: number[] = [];
    await first.tap({ filter: '>' }, ({ seq }) => void heard.push(seq));
    for (const [index, bus] of [first, second].entries()) {
      await bus.consume(spec, async (delivery) => {
        mail[index]?.put(delivery.seq);
        await release.next();
        delivery.ack();
      });
    }
    for (const id of ['a', 'b']) await second.publish('brain.goal', goal(id));
    expect((await Promise.all(mail.map((box) => box.next()))).sort()).toEqual([1, 2]);
    expect(heard).toEqual([1, 2]);
    release.put();
    release.put();
  });

  test('what a bus held goes to the others at once when it is closed, after the ack wait when it is killed', async () => {
    for (const [end, afterMs] of [
      ['close', 0],
      ['kill', 60_000],
    ] as const) {
      const { clock, first, second } = world();
      const mine = new Mail<number>();
      await first.consume(spec, async (delivery) => {
        mine.put(delivery.attempt);
        await new Promise(() => {});
      });
      await second.publish('brain.goal', goal('a'));
      await mine.next();
      const theirs = new Mail<[number, number]>();
      await second.consume(spec, async (delivery) => {
        delivery.ack();
        theirs.put([delivery.attempt, clock.now() - START]);
      });
      await first[end]();
      expect(await theirs.next()).toEqual([2, afterMs]);
    }
  });
});
