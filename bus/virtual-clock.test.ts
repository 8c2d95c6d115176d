import { describe, expect, test } from 'vitest';
import type { Turn } from './clock.ts';
import { VirtualClock } from './virtual-clock.ts';

const START = Date.UTC(2030, 0, 1);

function virtual(options: { serial?: boolean; onIdle?: () => boolean } = {}) {
  return new VirtualClock({ start: START, ...options });
}

/** A promise settled by hand: something outside of the clock. */
function outside<T>() {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

/** Lets everything that is ready to run, run. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(() => setImmediate(resolve)));
}

describe('virtual clock', () => {
  test('begins where it is told and stands still with nothing to wait for', async () => {
    const clock = virtual();
    await settled();
    expect(clock.now()).toBe(START);
  });

  test('wakes sleepers in the order of their deadlines, and equal deadlines in the order they were set', async () => {
    const clock = virtual();
    const woken: string[] = [];
    const sleep = async (name: string, ms: number) => {
      await clock.sleepUntil(START + ms);
      woken.push(`${name} at ${clock.now() - START}`);
    };
    await Promise.all([sleep('late', 5_000), sleep('first', 10), sleep('a', 60), sleep('b', 60), sleep('past', -5)]);
    expect(woken).toEqual(['past at 0', 'first at 10', 'a at 60', 'b at 60', 'late at 5000']);
  });

  test('stands still while a turn works, whatever the work waits for', async () => {
    const clock = virtual();
    const slow = outside<void>();
    const working = clock.turn(() => slow.promise);
    let woken = false;
    const sleeping = clock.sleepUntil(START + 1).then(() => {
      woken = true;
    });
    await settled();
    expect([woken, clock.now()]).toEqual([false, START]);
    slow.settle();
    await Promise.all([working, sleeping]);
    expect(clock.now()).toBe(START + 1);
  });

  test('moves while a turn pauses, and stands still again when it goes on', async () => {
    const clock = virtual();
    const model = outside<string>();
    const working = clock.turn(async (turn) => `${await turn.pause(() => model.promise)} at ${turn.now() - START}`);
    await clock.sleepUntil(START + 100);
    model.settle('answered');
    expect(await working).toBe('answered at 100');
  });

  test('a turn that sleeps holds neither time nor the others', async () => {
    const clock = virtual({ serial: true });
    const done: string[] = [];
    const work = (name: string, ms: number) =>
      clock.turn(async (turn) => {
        await turn.sleepUntil(START + ms);
        done.push(name);
      });
    await Promise.all([work('slow', 1_000), work('quick', 10)]);
    expect(done).toEqual(['quick', 'slow']);
  });

  test('a serial clock runs one turn at a time, in the order they became ready', async () => {
    const clock = virtual({ serial: true });
    const log: string[] = [];
    const work = (name: string) =>
      clock.turn(async () => {
        log.push(`${name} begins`);
        await settled();
        log.push(`${name} ends`);
      });
    await Promise.all([work('a'), work('b'), work('c')]);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('a turn that waits for several things at once makes room once, and is back after the last', async () => {
    const clock = virtual({ serial: true });
    const log: string[] = [];
    const wait = async (turn: Turn, ms: number) => {
      await turn.sleepUntil(START + ms);
      log.push(`a waited until ${turn.now() - START}`);
    };
    const several = clock.turn(async (turn) => {
      await Promise.all([wait(turn, 1_000), wait(turn, 3_000)]);
      await turn.sleepUntil(START + 5_000);
      log.push('a ends');
    });
    const other = clock.turn(async (turn) => {
      for (const ms of [500, 2_000, 4_000]) await turn.sleepUntil(START + ms);
      log.push(`b ends at ${turn.now() - START}`);
    });
    await Promise.all([several, other]);
    expect(log).toEqual(['a waited until 3000', 'a waited until 3000', 'b ends at 4000', 'a ends']);
  });

  test('a wait that begins while its turn stands in line keeps it away', async () => {
    const clock = virtual({ serial: true });
    const model = outside<void>();
    let own: Turn | undefined;
    const first = clock.turn(async (turn) => {
      own = turn;
      await turn.pause(() => model.promise);
      return turn.now() - START;
    });
    let beside: Promise<void> | undefined;
    await clock.turn(async () => {
      model.settle();
      await settled();
      beside = own?.sleepUntil(START + 2_000);
    });
    await beside;
    expect(await first).toBe(2_000);
  });

  test('a turn does not end before all it waits for is over, and what outlives it holds nobody', async () => {
    const clock = virtual({ serial: true });
    let own: Turn | undefined;
    let waited = false;
    await clock.turn(async (turn) => {
      own = turn;
      void turn.sleepUntil(START + 1_000).then(() => {
        waited = true;
      });
    });
    expect([waited, clock.now()]).toEqual([true, START + 1_000]);
    await own?.sleepUntil(START + 2_000);
    expect(await clock.turn(async (turn) => turn.now())).toBe(START + 2_000);
  });

  test('a turn that throws makes room for the next one', async () => {
    const clock = virtual({ serial: true });
    const failing = clock.turn(async () => {
      throw new Error('broken');
    });
    const next = clock.turn(async () => 'runs');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('runs');
  });

  test('a source with something on its way holds time until it is idle and says so', async () => {
    const clock = virtual();
    let idle = false;
    const forget = clock.watch({ idle: () => idle });
    let woken = false;
    const sleeping = clock.sleepUntil(START + 1).then(() => {
      woken = true;
    });
    await settled();
    expect(woken).toBe(false);
    idle = true;
    clock.poke();
    await sleeping;
    idle = false;
    const again = clock.sleepUntil(START + 2);
    forget();
    await again;
    expect(clock.now()).toBe(START + 2);
  });

  test('an aborted sleep rejects with the reason and does not move time', async () => {
    const clock = virtual({ onIdle: () => true });
    const stop = new AbortController();
    const sleeping = clock.sleepUntil(START + 1, stop.signal);
    stop.abort(new Error('drained'));
    await expect(sleeping).rejects.toThrow('drained');
    await expect(clock.sleepUntil(START + 1, stop.signal)).rejects.toThrow('drained');
    expect(clock.now()).toBe(START);
  });

  test('asks before each step whether it is over', async () => {
    let over = false;
    const clock = virtual({ onIdle: () => over });
    await clock.sleepUntil(START + 1);
    over = true;
    let woken = false;
    void clock.sleepUntil(START + 2).then(() => {
      woken = true;
    });
    await settled();
    expect([woken, clock.now()]).toEqual([false, START + 1]);
  });
});
