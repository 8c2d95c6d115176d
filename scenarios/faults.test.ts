import { describe, expect, it } from 'vitest';
import { type Model, ModelFailure, plainAnswer, type Question } from '../brain/models/model.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { createFaults, InjectedCrash, InjectedFailure } from './faults.ts';
import type { TimedFault } from './schema.ts';

const start = Date.UTC(2026, 0, 5, 9);
const { signal } = new AbortController();
const place = { agent: 'backend-2', task: 'D1.store', attempt: 1, step: 'test' };
const usage = { model: 'm', inputTokens: 1, outputTokens: 1, cost: 1 };
const inner: Model = { think: async () => plainAnswer('{"verdict":"approve"}', usage), quote: () => 1 };
const question: Question = {
  id: 'q',
  purpose: 'write',
  role: 'backend',
  agent: 'backend-2',
  tier: 'coding',
  taskType: 'code',
  about: 'D1.store',
  attempt: 1,
  system: '',
  prompt: '',
  schema: undefined,
  tools: [],
  rounds: [],
};

function setUp(faults: TimedFault[]) {
  const clock = new VirtualClock({ start });
  return { clock, faults: createFaults(faults, clock) };
}

describe('faults at steps', () => {
  it('crash an agent of a role once, before the step they name', async () => {
    const { clock, faults } = setUp([{ crash: { agent: 'backend', task: 'store', step: 'test', times: 1 } }]);
    await clock.turn(async (turn) => {
      await faults.atStep({ ...place, step: 'apply' }, turn);
      await faults.atStep({ ...place, agent: 'frontend' }, turn);
      await expect(faults.atStep(place, turn)).rejects.toThrow(InjectedCrash);
      await faults.atStep(place, turn);
    });
  });

  it('fail a tool in a typed way, as often as they say', async () => {
    const { clock, faults } = setUp([{ tool: { task: 'store', kind: 'environment', reason: 'disk full', times: 2 } }]);
    await clock.turn(async (turn) => {
      for (let time = 1; time <= 2; time += 1) {
        const error = await faults.atStep(place, turn).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(InjectedFailure);
        expect(error).toMatchObject({ failure: { kind: 'environment', reason: 'disk full' } });
      }
      await faults.atStep(place, turn);
    });
  });

  it('take their time on the turn', async () => {
    const { clock, faults } = setUp([{ slow: { step: 'test', by: 1_200_000, times: 1 } }]);
    await clock.turn((turn) => faults.atStep(place, turn));
    expect(clock.now() - start).toBe(1_200_000);
  });

  it('that never struck are told', async () => {
    const { faults } = setUp([{ crash: { step: 'tset', times: 1 } }]);
    expect(faults.unspent()).toEqual(['crash {"step":"tset","times":1}']);
  });

  it('that never struck are told with their instants as dates', async () => {
    const { faults } = setUp([{ quota: { from: Date.UTC(2026, 0, 5, 9), until: Date.UTC(2026, 0, 5, 10) } }]);
    expect(faults.unspent()).toEqual(['quota {"from":"2026-01-05T09:00:00.000Z","until":"2026-01-05T10:00:00.000Z"}']);
  });
});

describe('faults of the model', () => {
  it('refuse a tier until the quota is back, and say when', async () => {
    const until = start + 3_600_000;
    const { clock, faults } = setUp([{ quota: { from: start, until, tier: 'coding' } }]);
    const model = faults.model(inner);
    const refused = await model.think(question, signal).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(ModelFailure);
    expect(refused).toMatchObject({ failure: { kind: 'quota', until } });
    expect((await model.think({ ...question, tier: 'light' }, signal)).usage).toEqual(usage);
    await clock.sleepUntil(until);
    expect((await model.think(question, signal)).usage).toEqual(usage);
    expect(faults.unspent()).toEqual([]);
  });

  it('cut one answer off in the middle, and charge it all the same', async () => {
    const { faults } = setUp([{ garbage: { task: 'store', purpose: 'write', times: 1 } }]);
    const model = faults.model(inner);
    const cut = await model.think(question, signal);
    expect(() => JSON.parse(cut.text)).toThrow();
    expect(cut.usage).toEqual(usage);
    expect((await model.think(question, signal)).text).toBe('{"verdict":"approve"}');
  });
});
