import { describe, expect, test } from 'vitest';
import { RealClock } from './clock.ts';
import { VirtualClock } from './virtual-clock.ts';

const START = Date.UTC(2030, 0, 1);

describe.each([
  ['virtual', () => new VirtualClock({ start: START })],
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
    let open: (how: string) => void = () => {};
    const gate = new Promise<string>((resolve) => {
      open = resolve;
    });
    const waiting = clock.turn((turn) => turn.pause(() => gate));
    await clock.turn(async () => open('opened by the other'));
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
