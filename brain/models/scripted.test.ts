import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { type Model, ModelFailure, type Question } from './model.ts';
import { keyMatches, type ScriptedAnswer, ScriptedModel } from './scripted.ts';

const start = Date.UTC(2026, 0, 5, 9);
const { signal } = new AbortController();

function question(over: Partial<Question> = {}): Question {
  return {
    id: 'q1',
    purpose: 'write',
    role: 'backend',
    agent: 'backend-1',
    tier: 'coding',
    taskType: 'code',
    about: 'D1.store',
    attempt: 1,
    system: '',
    prompt: '',
    schema: undefined,
    tools: [],
    rounds: [],
    ...over,
  };
}

function rule(over: Partial<ScriptedAnswer> = {}): ScriptedAnswer {
  return { for: {}, takesMs: 0, tokens: [1_000_000, 100_000], reply: { text: 'yes' }, ...over };
}

function modelOf(answers: ScriptedAnswer[], more: { jitter?: number; seed?: number } = {}) {
  const clock = new VirtualClock({ start });
  return { model: new ScriptedModel({ answers, clock, ...more }), clock };
}

async function failureOf(model: Model, asked: Question): Promise<ModelFailure> {
  const error = await model.think(asked, signal).catch((thrown: unknown) => thrown);
  if (error instanceof ModelFailure) return error;
  throw new Error(`no ModelFailure: ${String(error)}`);
}

describe('keyMatches', () => {
  it('knows a task by its key, by its last part, or by *', () => {
    expect(keyMatches('D1.store', 'D1.store')).toBe(true);
    expect(keyMatches('store', 'D1.store')).toBe(true);
    expect(keyMatches('*', 'qa-health-3')).toBe(true);
    expect(keyMatches('ore', 'D1.store')).toBe(false);
    expect(keyMatches('pages', 'D1.pages.home')).toBe(false);
  });
});

describe('the scripted model', () => {
  it('answers with the first rule that fits', async () => {
    const { model } = modelOf([
      rule({ for: { role: 'frontend' }, reply: { text: 'wrong role' } }),
      rule({ for: { purpose: 'review' }, reply: { text: 'wrong purpose' } }),
      rule({ for: { task: 'slug' }, reply: { text: 'wrong task' } }),
      rule({ for: { task: 'store', attempts: [2, 3] }, reply: { text: 'wrong attempt' } }),
      rule({ for: { task: 'store', attempts: [1] }, reply: { text: 'this one' } }),
      rule({ reply: { text: 'too late' } }),
    ]);
    expect((await model.think(question(), signal)).text).toBe('this one');
  });

  it('takes its time on the company clock', async () => {
    const { model, clock } = modelOf([rule({ takesMs: 20 * 60_000 })]);
    await model.think(question(), signal);
    expect(clock.now() - start).toBe(20 * 60_000);
  });

  it('stops thinking when the call is aborted', async () => {
    const { model } = modelOf([rule({ takesMs: 1 })]);
    const gone = AbortSignal.abort(new Error('the company stops'));
    await expect(model.think(question(), gone)).rejects.toThrow('the company stops');
  });

  it('charges the price of the tier', async () => {
    const { model } = modelOf([rule()]);
    expect((await model.think(question(), signal)).usage).toEqual({
      model: 'scripted-large',
      inputTokens: 1_000_000,
      outputTokens: 100_000,
      cost: 4.5,
    });
    expect((await model.think(question({ tier: 'light' }), signal)).usage).toMatchObject({
      model: 'scripted-light',
      cost: 1.5,
    });
  });

  it('fails as written, and charges what the failure cost', async () => {
    const { model } = modelOf([rule({ reply: { fail: { kind: 'quality', reason: 'not my day' } } })]);
    const error = await failureOf(model, question());
    expect(error.failure).toEqual({ kind: 'quality', reason: 'not my day' });
    expect(error.usage?.cost).toBe(4.5);
  });

  it('says exactly which rule is missing', async () => {
    const { model } = modelOf([rule({ for: { role: 'sales' } })]);
    const { failure } = await failureOf(model, question({ attempt: 2 }));
    expect(failure).toEqual({
      kind: 'permanent',
      reason: 'no scripted answer for role backend, purpose write, task D1.store, attempt 2',
    });
  });

  it('approves reviews that no rule speaks of', async () => {
    const { model } = modelOf([]);
    const answer = await model.think(question({ purpose: 'review' }), signal);
    expect(JSON.parse(answer.text)).toEqual({ verdict: 'approve', notes: [] });
  });

  it('varies the time by seed and question, not by the order of questions', async () => {
    const times = async (seed: number, ids: string[]) => {
      const took: Record<string, number> = {};
      for (const id of ids) {
        const { model, clock } = modelOf([rule({ takesMs: 1_000_000 })], { seed, jitter: 0.2 });
        await model.think(question({ id }), signal);
        took[id] = clock.now() - start;
      }
      return took;
    };
    const first = await times(7, ['a', 'b']);
    expect(await times(7, ['b', 'a'])).toEqual(first);
    expect(await times(8, ['a', 'b'])).not.toEqual(first);
    for (const ms of Object.values(first)) expect(Math.abs(ms - 1_000_000)).toBeLessThanOrEqual(200_000);
    expect(first.a).not.toBe(first.b);
  });
});
