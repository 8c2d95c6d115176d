import { describe, expect, test } from 'vitest';
import { placeOf, placesOf, stranded, walk } from '../tests/walk.ts';
import type { StandingPolicy } from './policy.ts';
import { buildStandingMachine, recordOf, type Sample, type StandingEvent, type Track } from './standing.ts';

const DAY = 86_400_000;
const usual = { reviews: 1, review: 'full', tier: undefined, splits: true } as const;
const policy: StandingPolicy = {
  start: 'trusted',
  window: 20,
  halfLifeMs: 14 * DAY,
  confidence: 0.9,
  spread: 8,
  trusted: { from: 65, tasks: 3 },
  lead: { from: 85, tasks: 5 },
  probation: { below: 60, tasks: 3 },
  benched: { below: 50, tasks: 5, forMs: 7 * DAY },
  effects: { probation: usual, trusted: usual, lead: usual, benched: usual },
};

const samples = (...scores: readonly number[]): Sample[] =>
  scores.map((score, index) => ({ task: `T${index + 1}`, score, at: index, cause: `task.T${index + 1}.completed` }));

describe('a record', () => {
  test('is the mean of the scores, with an interval that narrows as they become more', () => {
    const two = recordOf(policy, samples(80, 90), 2);
    const eight = recordOf(policy, samples(80, 90, 80, 90, 80, 90, 80, 90), 8);
    expect([two.mean, eight.mean]).toEqual([85, 85]);
    expect(two.high - two.low).toBeGreaterThan(eight.high - eight.low);
    expect(eight.low).toBeLessThan(85);
  });

  test('without any score says that nothing is known', () => {
    expect(recordOf(policy, [], 0)).toEqual({ samples: 0, mean: 0, low: 0, high: 100 });
  });

  test('gives a score half the weight after each half-life', () => {
    const old = { task: 'T1', score: 0, at: 0, cause: 'x' };
    const fresh = { task: 'T2', score: 90, at: 14 * DAY, cause: 'y' };
    expect(recordOf(policy, [old, fresh], 14 * DAY).mean).toBe(60);
  });

  test('counts no more tasks than the window', () => {
    expect(recordOf({ ...policy, window: 2 }, samples(0, 0, 90, 90), 4)).toMatchObject({ samples: 2, mean: 90 });
  });

  test('of equal scores is not certain: chance may have made them equal', () => {
    const { low, high } = recordOf(policy, samples(90, 90, 90), 3);
    expect([low < 90, high > 90]).toEqual([true, true]);
  });
});

describe('the standing chart', () => {
  const records: Track[] = [0, 2, 3, 5, 9].flatMap((count) =>
    [10, 45, 55, 62, 70, 95].flatMap((mean) =>
      [2, 20].map((margin) => ({
        samples: count,
        mean,
        low: Math.max(0, mean - margin),
        high: Math.min(100, mean + margin),
      })),
    ),
  );
  const events: StandingEvent[] = [
    ...records.map((record): StandingEvent => ({ type: 'JUDGED', record })),
    { type: 'RETURNED' },
  ];
  const machine = buildStandingMachine(policy);
  type Snapshot = Parameters<Parameters<typeof walk<typeof machine>>[1]['key']>[0];
  const keyOf = ({ value }: Snapshot) => String(value);
  const { situations, edges } = walk(machine, { events: () => events, key: keyOf });
  const movesOf = edges.filter(({ from, to }) => placeOf(from) !== placeOf(to));

  test('reaches every standing, and none for good', () => {
    expect(situations.map(placeOf).sort()).toEqual(placesOf(machine).sort());
    expect(stranded(edges, keyOf, (snapshot) => placeOf(snapshot) === 'trusted')).toEqual([]);
  });

  test('moves one step at a time', () => {
    const steps = new Set(movesOf.map(({ from, to }) => `${placeOf(from)} -> ${placeOf(to)}`));
    expect([...steps].sort()).toEqual([
      'benched -> probation',
      'lead -> trusted',
      'probation -> benched',
      'probation -> trusted',
      'trusted -> lead',
      'trusted -> probation',
    ]);
  });

  test('benches nobody for few tasks, or while the upper bound reaches the threshold', () => {
    for (const { event, to } of movesOf) {
      if (placeOf(to) !== 'benched' || event.type !== 'JUDGED') continue;
      expect(event.record.samples).toBeGreaterThanOrEqual(policy.benched.tasks);
      expect(event.record.high).toBeLessThan(policy.benched.below);
    }
  });

  test('says each move, why, and nothing else', () => {
    for (const { from, to, commands } of edges) {
      const moved = placeOf(from) !== placeOf(to);
      expect(commands.map(({ standing }) => standing)).toEqual(moved ? [placeOf(to)] : []);
      for (const { why } of commands) expect(why.length).toBeGreaterThan(10);
    }
  });

  test('starts where the policy says, or where somebody stands', () => {
    expect(placeOf(situations[0] as Snapshot)).toBe('trusted');
    expect(buildStandingMachine(policy, 'benched').config.initial).toBe('benched');
  });
});
