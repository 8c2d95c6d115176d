import { describe, expect, test } from 'vitest';
import { RealClock, type Turn, VirtualClock } from './clock.ts';

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

describe.each([
  ['virtual', () => virtual()],
  ['real', () => new RealClock(1_000)],
])('an alarm of a %s clock', (_, make) => {
  test('rings at its instant, unless it is called off before', async () => {
    const clock = make();
    const start = clock.now();
    const rung: string[] = [];
    const callOff = clock.alarm(start + 2_000, () => rung.push('called off'));
    clock.alarm(start + 3_000, () => rung.push('rung'));
    callOff();
    await new Promise<void>((resolve) => void clock.alarm(start + 60_000, resolve));
    expect([rung, clock.now() >= start + 60_000]).toEqual([['rung'], true]);
  });
});

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

describe('real clock', () => {
  test('runs with the wall, or as much faster as it is told', async () => {
    const wall = performance.now();
    const clock = new RealClock(36_000);
    const began = clock.now();
    await clock.sleepUntil(began + 3_600_000);
    expect(clock.now() - began).toBeGreaterThanOrEqual(3_600_000);
    const took = performance.now() - wall;
    expect(took).toBeGreaterThanOrEqual(95);
    expect(took).toBeLessThan(5_000);
  });

  test('an instant in the past is no wait, and an abort ends one', async () => {
    const clock = new RealClock();
    await clock.sleepUntil(clock.now() - 1);
    const stop = new AbortController();
    const sleeping = clock.turn((turn) => turn.sleepUntil(turn.now() + 3_600_000, stop.signal));
    stop.abort(new Error('drained'));
    await expect(sleeping).rejects.toThrow('drained');
  });

  test('turns run side by side', async () => {
    const clock = new RealClock();
    const gate = outside<string>();
    const waiting = clock.turn((turn) => turn.pause(() => gate.promise));
    await clock.turn(async () => gate.settle('opened by the other'));
    expect(await waiting).toBe('opened by the other');
  });
});

describe('a wall that is set', () => {
  const HOUR = 3_600_000;

  function machine(factor = 1) {
    const at = { wall: START, passed: 5_000 };
    const set: number[] = [];
    const wall = { now: () => at.wall, passed: () => at.passed };
    const clock = new RealClock(factor, undefined, { wall, onSet: (ms) => set.push(ms) });
    return {
      clock,
      set,
      passes: (ms: number) => {
        at.wall += ms;
        at.passed += ms;
      },
      setsTheWall: (ms: number) => {
        at.wall += ms;
      },
      now: () => clock.now() - START,
    };
  }

  test('back changes nothing: the clock goes on, and says once that it was', () => {
    const { now, passes, setsTheWall, set } = machine();
    passes(10_000);
    expect(now()).toBe(10_000);
    setsTheWall(-HOUR);
    expect(now()).toBe(10_000);
    passes(2_000);
    expect([now(), set]).toEqual([12_000, [-HOUR]]);
  });

  test('back and right again is no jump in either direction', () => {
    const { now, passes, setsTheWall, set } = machine();
    setsTheWall(-HOUR);
    expect(now()).toBe(0);
    passes(60_000);
    setsTheWall(HOUR);
    expect([now(), set]).toEqual([60_000, [-HOUR, HOUR]]);
    passes(1);
    expect(now()).toBe(60_001);
  });

  test('forward is followed, as is a wall that went on while the machine slept', () => {
    const { now, passes, setsTheWall, set } = machine();
    passes(10_000);
    setsTheWall(HOUR);
    expect([now(), set]).toEqual([HOUR + 10_000, [HOUR]]);
    setsTheWall(-HOUR);
    passes(5_000);
    expect(now()).toBe(HOUR + 15_000);
  });

  test('by less than a second is drift, and nobody is told', () => {
    const { now, setsTheWall, set } = machine();
    setsTheWall(-900);
    expect(now()).toBe(0);
    setsTheWall(1_800);
    expect([now(), set]).toEqual([0, []]);
  });

  test('moves no clock that runs faster than it', () => {
    const { now, passes, setsTheWall, set } = machine(500);
    setsTheWall(HOUR);
    passes(10);
    expect([now(), set]).toEqual([5_000, []]);
  });

  test('keeps the distance that a company has from it', () => {
    const { clock, now, passes, setsTheWall } = machine();
    clock.fallBack(START - 10 * HOUR);
    passes(1_000);
    expect(now()).toBe(1_000 - 10 * HOUR);
    setsTheWall(HOUR);
    expect(now()).toBe(1_000 - 9 * HOUR);
  });

  test('is where a server dated what was said, unless the company has a time of its own', () => {
    const { clock, setsTheWall } = machine();
    setsTheWall(-HOUR);
    expect(clock.wall(START)).toBe(START - HOUR);
    clock.catchUp(START + HOUR);
    expect(clock.wall(START)).toBeUndefined();
  });

  test('back while something waits makes the wait no longer', async () => {
    const { at, clock } = steps();
    const sleeping = clock.sleepUntil(START + 40);
    const rings = new Promise<void>((resolve) => void clock.alarm(START + 40, resolve));
    const passes = new Promise<void>((resolve) => void clock.after(40, resolve));
    at.set = -HOUR;
    await Promise.all([sleeping, rings, passes]);
    expect(clock.now() - START).toBeGreaterThanOrEqual(40);
    expect(clock.now() - START).toBeLessThan(HOUR);
  });

  test('forward ends a wait for an instant, and not one for so much time', async () => {
    const { at, clock } = steps();
    let over = false;
    const callOff = clock.after(HOUR, () => {
      over = true;
    });
    const sleeping = clock.sleepUntil(START + 40);
    at.set = 2 * HOUR;
    await sleeping;
    await clock.sleepUntil(clock.now() + 5);
    expect([over, clock.now() >= START + 2 * HOUR]).toEqual([false, true]);
    callOff();
  });

  /** A machine whose time passes, and whose wall somebody sets. */
  function steps() {
    const began = performance.now();
    const at = { set: 0 };
    const passed = () => performance.now() - began;
    const wall = { now: () => START + passed() + at.set, passed };
    return { at, clock: new RealClock(1, undefined, { wall }) };
  }
});

test('the real clock begins where it is told, and catches up but never falls back', () => {
  const clock = new RealClock(1, START);
  expect(clock.now() - START).toBeLessThan(1_000);
  clock.catchUp(START + 3_600_000);
  const caughtUp = clock.now();
  expect(caughtUp).toBeGreaterThanOrEqual(START + 3_600_000);
  clock.catchUp(START);
  expect(clock.now()).toBeGreaterThanOrEqual(caughtUp);
});
