import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { placeOf, placesOf, stranded, walk } from '../tests/walk.ts';
import type { RewardPolicy } from './policy.ts';
import { buildRewardMachine, type Finished, judge, noteOf, type RewardCommand, type RewardEvent } from './reward.ts';
import { bandOf, type Deed, ledgerOf, scoreOf, signalsOf, valuesOf, weakestOf } from './score.ts';

const policy: RewardPolicy = {
  weights: { qa: 0.3, time: 0.2, regressions: 0.2, quality: 0.15, attempts: 0.15 },
  bands: [
    { name: 'elite', from: 90, effect: 'praise' },
    { name: 'good', from: 75, effect: 'optimise' },
    { name: 'acceptable', from: 50, effect: 'correct' },
    { name: 'poor', from: 0, effect: 'recover' },
  ],
};

/** A task whose every signal has one value; its score is 100 times that. */
const finished = (value: number, error?: string): Finished => ({
  task: 'T7',
  title: 'Store the links',
  signals: { qa: value, time: value, regressions: value, quality: value, attempts: value },
  error,
});

describe('a score', () => {
  test('is the weighted sum of the signals, to one decimal', () => {
    const found = { qa: 1, time: 0.5, regressions: 1, quality: 0.75, attempts: 1 / 3 };
    expect(scoreOf(policy, found).score).toBe(76.3);
    expect(scoreOf(policy, finished(1).signals).score).toBe(100);
    expect(scoreOf(policy, finished(0).signals).score).toBe(0);
  });

  test('spreads the weight of missing evidence over the rest, and says so', () => {
    const { score, ledger, missing } = scoreOf(policy, { time: 1, attempts: 0.5 });
    expect(missing).toEqual(['qa', 'regressions', 'quality']);
    expect(ledger.map(({ signal, weight }) => [signal, weight])).toEqual([
      ['time', 0.2],
      ['attempts', 0.15],
    ]);
    expect(ledger.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(score).toBe(78.6);
  });

  test('is 0 when nothing was shown', () => {
    expect(scoreOf(policy, {})).toEqual({
      score: 0,
      ledger: [],
      missing: ['qa', 'time', 'regressions', 'quality', 'attempts'],
    });
  });

  test('takes no signal for more than all or less than nothing', () => {
    expect(scoreOf(policy, { qa: 7, time: -3 }).ledger.map(({ value }) => value)).toEqual([1, 0]);
    expect(scoreOf(policy, { qa: Number.NaN, time: 1 }).missing).toContain('qa');
  });

  test.each([
    [100, 'elite'],
    [90, 'elite'],
    [89.9, 'good'],
    [75, 'good'],
    [74.9, 'acceptable'],
    [50, 'acceptable'],
    [49.9, 'poor'],
    [0, 'poor'],
  ])('of %d is %s', (score, band) => {
    expect(bandOf(policy, score).name).toBe(band);
  });

  test('below every band is an error of the policy', () => {
    expect(() => bandOf({ ...policy, bands: policy.bands.slice(0, 1) }, 12)).toThrow(RangeError);
  });

  test('names as weakest the signal that cost the most points', () => {
    const { ledger } = scoreOf(policy, { qa: 0.5, time: 0.9, attempts: 0.4 });
    expect(weakestOf(ledger)?.signal).toBe('qa');
    expect(weakestOf(scoreOf(policy, { qa: 1 }).ledger)).toBeUndefined();
  });
});

describe('the signals of a task', () => {
  const ended = { id: 'task.T7.completed', what: 'done' };
  const deed: Deed = {
    runs: [],
    estimateMs: 60_000,
    workingMs: 30_000,
    suite: undefined,
    kept: [],
    judgements: [],
    failed: [],
    ended,
  };
  const run = (id: string, ok: boolean) => ({ id, what: id, ok });
  const suite = (id: string, passed: number, ok = true) => ({ id, what: `${passed} passed`, ok, passed });
  const of = (more: Partial<Deed>) => valuesOf(signalsOf({ ...deed, ...more }));

  test('are left out where there is no evidence, and say why', () => {
    expect(of({})).toEqual({ time: 1, attempts: 1 });
    expect(of({ estimateMs: 0 })).toEqual({ attempts: 1 });
    expect(signalsOf(deed).qa).toBe('no tests or checks were run');
  });

  test('count the runs of all attempts that passed', () => {
    expect(of({ runs: [run('a', false), run('b', true), run('c', true)] }).qa).toBeCloseTo(2 / 3);
  });

  test('fall with the time worked over the estimate', () => {
    expect(of({ workingMs: 120_000 }).time).toBe(0.5);
  });

  test('fall with each failed attempt of the lineage', () => {
    expect(of({ failed: [run('x', false), run('y', false), run('z', false)] }).attempts).toBe(0.25);
  });

  test('see a regression in tests that passed before and are gone or broken', () => {
    expect(of({ suite: { before: suite('p1', 8), after: suite('p2', 10) } }).regressions).toBe(1);
    expect(of({ suite: { before: suite('p1', 8), after: suite('p2', 6) } }).regressions).toBe(0.75);
    expect(of({ suite: { before: suite('p1', 8), after: suite('p2', 9, false) } }).regressions).toBe(0);
    expect(of({ suite: { before: undefined, after: suite('p1', 3) } }).regressions).toBe(1);
    expect(of({ kept: [run('health', false)] }).regressions).toBe(0);
  });

  test('take the mean of what was judged for quality', () => {
    const judgements = [
      { id: 'v', what: 'syntax: 0 findings', value: 1 },
      { id: 'r', what: 'qa: rename it', value: 0.9 },
      { id: 's', what: 'qa: reject', value: 0 },
    ];
    expect(of({ judgements }).quality).toBeCloseTo(1.9 / 3);
  });

  test('say of a linter that could not judge that the rest counts for more', () => {
    const judgements = [{ id: 'v', what: 'syntax: 0 findings', value: 1 }];
    const { quality } = signalsOf({ ...deed, judgements, unjudged: ['no linter: there is none'] });
    const why = 'nobody objected; no linter: there is none, so the other judgements count for more';
    expect(quality).toMatchObject({ value: 1, why });
  });

  test('name the messages that show them', () => {
    const found = signalsOf({
      ...deed,
      runs: [run('task.T7.a1.test', true)],
      failed: [run('task.T7.a1.w0.failed', false)],
    });
    expect(found.qa).toMatchObject({ evidence: ['task.T7.a1.test'] });
    expect(found.attempts).toMatchObject({ evidence: ['task.T7.a1.w0.failed', 'task.T7.completed'] });
  });

  test('make a ledger whose points add up to the score, and which says what is missing', () => {
    const found = signalsOf({ ...deed, runs: [run('a', false), run('b', true)] });
    const ledger = ledgerOf(policy, found);
    const points = ledger.rows.reduce((sum, row) => sum + row.points, 0);
    expect(points).toBeCloseTo(scoreOf(policy, valuesOf(found)).score, 1);
    expect(ledger.rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    expect(ledger.missing.map(({ signal }) => signal)).toEqual(['regressions', 'quality']);
  });
});

describe('a note', () => {
  const note = (value: number, error?: string) => {
    const done = { ...finished(value, error), signals: { ...finished(value).signals, qa: value / 2 } };
    return noteOf(done, judge(policy, done));
  };

  test.each([
    [1, 'T7 "Store the links" scored 85 (good); weakest: tests passed, 50%'],
    [0.7, 'T7 "Store the links" scored 59.5 (acceptable); weakest: tests passed, 35%'],
    [0.4, 'T7 "Store the links" scored 34 (poor); weakest: tests passed, 20%'],
  ])('names the task, the score and the weakest signal (%d)', (value, text) => {
    expect(note(value, 'a test failed')).toContain(text);
  });

  test('of recovery names the error and a lesson', () => {
    expect(note(0.2, 'TypeError: store is not a function')).toMatch(/Error: TypeError: store .*Lesson: run the tests/);
  });

  test('of praise asks for no change', () => {
    expect(noteOf(finished(1), judge(policy, finished(1)))).toBe(
      'Well done: T7 "Store the links" scored 100 (elite); no weak signal. Work like this again.',
    );
  });
});

describe('the reward chart', () => {
  const machine = buildRewardMachine(policy);
  const scores = [1, 0.8, 0.6, 0.3].map(
    (value): RewardEvent => ({ type: 'SCORE', finished: finished(value, 'it broke') }),
  );
  const events: RewardEvent[] = [...scores, { type: 'LEARNED', text: 'close the file' }, { type: 'APPLIED' }];
  type Snapshot = Parameters<Parameters<typeof walk<typeof machine>>[1]['key']>[0];
  const keyOf = ({ value, context }: Snapshot) => JSON.stringify([value, context.verdict?.score]);
  const { situations, edges } = walk(machine, { events: () => events, key: keyOf });
  const ready = (snapshot: Snapshot) => ['idle', 'applied'].includes(placeOf(snapshot));

  test('reaches every state; scoring is left at once', () => {
    const reached = new Set(situations.map(placeOf));
    expect([...reached, 'scoring'].sort()).toEqual(placesOf(machine).sort());
  });

  test('has a state for each band of any policy', () => {
    const two: RewardPolicy = {
      ...policy,
      bands: [
        { name: 'fine', from: 60, effect: 'praise' },
        { name: 'no. 2, not fine', from: 0, effect: 'recover' },
      ],
    };
    expect(placesOf(buildRewardMachine(two))).toEqual([
      'idle',
      'scoring',
      'banded.fine',
      'banded.no. 2, not fine',
      'applied',
    ]);
  });

  test('is always on its way to the next score', () => {
    expect(stranded(edges, keyOf, ready)).toEqual([]);
  });

  test('takes a score only when the last one is done with', () => {
    for (const { from, event, heard } of edges) if (event.type === 'SCORE') expect(heard).toBe(ready(from));
  });

  test.each([
    [1, 'elite', ['remember rewards']],
    [0.8, 'good', ['remember rewards']],
    [0.6, 'acceptable', ['remember corrections']],
    [0.3, 'poor', ['remember corrections', 'learn']],
  ] as const)('does for a score of %d what the band %s says', (value, band, expected) => {
    const commands: RewardCommand[] = [];
    const actor = createActor(machine);
    actor.on('*', (command) => void commands.push(command));
    actor.start().send({ type: 'SCORE', finished: finished(value, 'it broke') });
    expect(placeOf(actor.getSnapshot())).toBe(`banded.${band}`);
    const asked = commands.map((one) => (one.type === 'remember' ? `remember ${one.list}` : one.type));
    expect(asked).toEqual(expected);
    for (const one of commands) expect(one).toMatchObject({ task: 'T7' });
  });

  test('keeps what a poor result taught', () => {
    const learned = edges.filter(({ event, heard }) => event.type === 'LEARNED' && heard);
    expect(learned.map(({ from }) => placeOf(from))).toEqual(['banded.poor']);
    expect(learned[0]?.commands).toEqual([
      { type: 'remember', list: 'patterns', task: 'T7', score: 30, band: 'poor', text: 'close the file' },
    ]);
  });
});
