import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeOf, placesOf, step, stranded, walk } from '../tests/walk.ts';
import { buildScheduleMachine, dueAt, nextDue, type Pace, type ScheduleEvent, slotAt } from './schedule.ts';

const DAY_MS = 86_400_000;

const MONDAY = Date.UTC(2026, 0, 5, 9);
const weeksUntil = (now: number) => Math.floor((now - MONDAY) / (7 * DAY_MS));
/** Mondays at 09:00 UTC. */
const mondays: Pace = {
  latest: (now) => MONDAY + weeksUntil(now) * 7 * DAY_MS,
  next: (now) => MONDAY + (weeksUntil(now) + 1) * 7 * DAY_MS,
};

describe('a slot', () => {
  test('of a plain pace is a count of the time since the epoch', () => {
    expect(slotAt({ every: 300_000 }, 0)).toBe(0);
    expect(slotAt({ every: 300_000 }, 299_999)).toBe(0);
    expect(slotAt({ every: 300_000 }, 300_000)).toBe(1);
    expect(dueAt({ every: 300_000 }, 7)).toBe(2_100_000);
    expect(nextDue({ every: 300_000 }, 300_000)).toBe(600_000);
  });

  test('of a calendar is its own instant', () => {
    const monday = Date.UTC(2026, 2, 2, 9);
    expect(slotAt(mondays, monday - 1)).toBe(monday - 7 * DAY_MS);
    expect(slotAt(mondays, monday)).toBe(monday);
    expect(slotAt(mondays, monday + 3 * DAY_MS)).toBe(monday);
    expect(dueAt(mondays, monday)).toBe(monday);
    expect(nextDue(mondays, monday)).toBe(monday + 7 * DAY_MS);
  });

  test('has begun, and the next one has not, at any time and pace', () => {
    const paces: Pace[] = [{ every: 1 }, { every: 1000 }, { every: 7_777 }, mondays];
    fc.assert(
      fc.property(fc.constantFrom(...paces), fc.integer({ min: 10 * DAY_MS, max: 30_000 * DAY_MS }), (pace, now) => {
        const slot = slotAt(pace, now);
        const due = dueAt(pace, slot);
        expect(due).toBeLessThanOrEqual(now);
        expect(nextDue(pace, now)).toBeGreaterThan(now);
        expect(nextDue(pace, due)).toBe(nextDue(pace, now));
        expect(slotAt(pace, nextDue(pace, now))).not.toBe(slot);
      }),
    );
  });
});

describe('a schedule', () => {
  const machine = buildScheduleMachine({ every: 1000 }, 50);
  type Snapshot = Parameters<Parameters<typeof walk<typeof machine>>[1]['key']>[0];

  /** Plays events; the commands of each. */
  function play(...events: ScheduleEvent[]) {
    let snapshot = machine.getInitialSnapshot({} as Parameters<typeof machine.getInitialSnapshot>[0]);
    const commands = events.map((event) => {
      const edge = step(machine, snapshot, event);
      snapshot = edge.to;
      return edge.commands;
    });
    return { commands, place: placeOf(snapshot) };
  }

  test('ticks the current slot when the duty never ticked', () => {
    const { commands, place } = play({ type: 'START', now: 5300, last: undefined });
    expect(commands).toEqual([[{ type: 'tick', slot: 5, due: 5000 }]]);
    expect(place).toBe('ticking');
  });

  test('waits for the next slot when the current one has ticked', () => {
    const { commands, place } = play({ type: 'START', now: 5300, last: 5 });
    expect(commands).toEqual([[{ type: 'wake', at: 6000 }]]);
    expect(place).toBe('waiting');
  });

  test('collapses missed slots into the latest', () => {
    const { commands } = play({ type: 'START', now: 99_400, last: 5 }, { type: 'TICKED', slot: 99 });
    expect(commands).toEqual([[{ type: 'tick', slot: 99, due: 99_000 }], [{ type: 'wake', at: 100_000 }]]);
  });

  test('goes on from slot to slot', () => {
    const { commands } = play(
      { type: 'START', now: 1000, last: 1 },
      { type: 'AT', now: 2000 },
      { type: 'TICKED', slot: 2 },
      { type: 'AT', now: 3001 },
    );
    expect(commands.flat()).toEqual([
      { type: 'wake', at: 2000 },
      { type: 'tick', slot: 2, due: 2000 },
      { type: 'wake', at: 3000 },
      { type: 'tick', slot: 3, due: 3000 },
    ]);
  });

  test('does not tick a slot that somebody else has ticked', () => {
    const { commands, place } = play(
      { type: 'START', now: 1000, last: 1 },
      { type: 'TICKED', slot: 2 },
      { type: 'AT', now: 2000 },
    );
    expect(commands.flat()).toEqual([
      { type: 'wake', at: 2000 },
      { type: 'wake', at: 3000 },
    ]);
    expect(place).toBe('waiting');
  });

  test('is not taken for done by the tick of an older slot', () => {
    expect(play({ type: 'START', now: 7000, last: 3 }, { type: 'TICKED', slot: 6 }).place).toBe('ticking');
  });

  test('tries a tick again that could not be published, unless somebody did meanwhile', () => {
    const failed: ScheduleEvent[] = [
      { type: 'START', now: 7000, last: 6 },
      { type: 'FAILED', now: 7100 },
    ];
    expect(play(...failed, { type: 'AT', now: 7150 }).commands.slice(1)).toEqual([
      [{ type: 'wake', at: 7150 }],
      [{ type: 'tick', slot: 7, due: 7000 }],
    ]);
    expect(play(...failed, { type: 'TICKED', slot: 7 }, { type: 'AT', now: 7150 }).place).toBe('waiting');
  });

  const times = [1000, 1500, 2000, 3000];
  const events: ScheduleEvent[] = [
    ...times.map((now): ScheduleEvent => ({ type: 'AT', now })),
    ...[undefined, 1, 2].map((last): ScheduleEvent => ({ type: 'START', now: 2000, last })),
    ...[1, 2, 3].map((slot): ScheduleEvent => ({ type: 'TICKED', slot })),
    { type: 'FAILED', now: 2500 },
    { type: 'STOP' },
  ];
  const keyOf = ({ value, context }: Snapshot) => JSON.stringify([value, context]);
  const { situations, edges } = walk(machine, { events: () => events, key: keyOf });

  test('reaches every state, and can always be stopped', () => {
    expect([...new Set(situations.map(placeOf))].sort()).toEqual(placesOf(machine).sort());
    expect(stranded(edges, keyOf, (snapshot) => snapshot.value === 'idle')).toEqual([]);
  });

  test('never ticks a slot twice, nor one that has not begun', () => {
    for (const { from, event, commands } of edges) {
      for (const command of commands) {
        if (command.type !== 'tick') continue;
        expect('now' in event && command.due <= event.now).toBe(true);
        const last = event.type === 'START' ? event.last : from.context.last;
        expect(last === undefined || command.slot > last).toBe(true);
      }
    }
  });

  test('forgets nothing it has heard of until it is stopped', () => {
    for (const { from, event, to } of edges) {
      if (event.type === 'STOP' || event.type === 'START') continue;
      expect(to.context.last ?? -1).toBeGreaterThanOrEqual(from.context.last ?? -1);
    }
  });
});
