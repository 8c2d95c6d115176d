import { expect, it } from 'vitest';
import { pricesWith } from './cost.ts';
import { ModelFailure, type Question } from './model.ts';
import type { Access, Reach, Trouble } from './reach.ts';
import { RoutedModel, type Routing } from './router.ts';
import { type Wire, WireFailure, type WireReply, type WireRequest } from './wire.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const { signal } = new AbortController();
const spent = { inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 0, cacheWriteTokens: 0, estimated: false };

const question: Question = {
  id: 'T1.a1.write',
  purpose: 'write',
  role: 'backend',
  agent: 'backend-1',
  tier: 'coding',
  taskType: 'code',
  about: 'T1',
  attempt: 1,
  system: 'You write.',
  prompt: 'Write.',
  schema: undefined,
  tools: [],
  rounds: [],
};

type Says = (provider: string) => Promise<Partial<WireReply>>;

/** A router over wires that do what `says` does, and the troubles that providers were told of. */
function routed(says: Says, about: Partial<Routing> = {}, access: (key: string) => Access = () => ({ gate: 'open' })) {
  const asked: string[] = [];
  const requests: WireRequest[] = [];
  const told: [string, Trouble][] = [];
  const wire = (provider: string): Wire => ({
    provider,
    async ask(request) {
      requests.push(request);
      asked.push(`${provider}/${request.model}`);
      return { text: 'hi', calls: [], said: null, usage: spent, stop: 'end', ...(await says(provider)) };
    },
  });
  const reach: Reach = {
    access,
    enter: async (key) => ({
      answered: async () => {},
      failed: async (trouble) => void told.push([key, trouble]),
      released: async () => {},
    }),
  };
  const chain = [
    { provider: 'anthropic', model: 'claude-sonnet-5-5' },
    { provider: 'openai', model: 'gpt-6-sol' },
  ];
  const routing: Routing = {
    providers: new Map(
      ['anthropic', 'openai'].map((name) => [name, { key: name, missing: undefined, open: async () => wire(name) }]),
    ),
    tiers: { strategy: chain, coding: chain, light: chain },
    tasks: {},
    prices: pricesWith(),
    maxTokens: 1_000,
    efforts: {},
    most: undefined,
    ...about,
  };
  const trials = () => ({ passed: 0, failed: 0 });
  const model = new RoutedModel({ routing: () => routing, reach, trials, now: () => NOW });
  return { model, asked, told, requests };
}

const failing =
  (fault: ConstructorParameters<typeof WireFailure>[1], more = {}): Says =>
  async (provider) => {
    if (provider === 'anthropic') throw new WireFailure(provider, fault, 'so it said', more);
    return {};
  };

it('answers with the first model, under its full name and at its price', async () => {
  const { model, asked } = routed(async () => ({}));
  const { usage } = await model.think(question, signal);
  expect(asked).toEqual(['anthropic/claude-sonnet-5-5']);
  expect(usage).toEqual({ model: 'anthropic/claude-sonnet-5-5', inputTokens: 1_000, outputTokens: 100, cost: 0.003 });
});

const opusFirst = {
  tasks: {
    code: [
      { provider: 'anthropic', model: 'claude-opus-5' },
      { provider: 'openai', model: 'gpt-6-sol' },
    ],
  },
};

it('falls back when a provider is in trouble, tells it once, and what was wasted is paid for', async () => {
  const { model, asked, told } = routed(failing('broken', { spent }), opusFirst);
  const { usage } = await model.think(question, signal);
  expect(asked).toEqual(['anthropic/claude-opus-5', 'openai/gpt-6-sol']);
  expect(told).toEqual([['anthropic', expect.objectContaining({ lasting: false })]]);
  expect(usage).toMatchObject({ model: 'openai/gpt-6-sol', cost: 0.0105 });
  expect(usage.cost).toBeLessThanOrEqual(model.quote(question));
});

it('sets aside the worst case of the dearest model, whoever of them can be asked at the moment', () => {
  const worst = (chain: Partial<Routing>, access?: (key: string) => Access) =>
    routed(async () => ({}), chain, access).model.quote(question);
  const only = (model: string, provider: string) => ({ tasks: { code: [{ provider, model }] } });
  const dearest = worst(only('claude-opus-5', 'anthropic'));
  expect(dearest).toBeGreaterThan(worst(only('gpt-6-sol', 'openai')));
  expect(worst(opusFirst)).toBe(dearest);
  const throttled = (key: string): Access =>
    key === 'anthropic' ? { gate: 'closed', until: NOW + 1, reason: 'throttled' } : { gate: 'open' };
  expect(worst(opusFirst, throttled)).toBe(dearest);
});

it('falls back for free when the failure cost nothing', async () => {
  const { model, asked } = routed(failing('throttled'));
  const { usage } = await model.think(question, signal);
  expect(asked).toHaveLength(2);
  expect(usage.cost).toBeLessThanOrEqual(model.quote(question));
});

it('does not ask a fallback that does not fit into what is left, and may be asked again at once', async () => {
  const { model, asked } = routed(failing('broken', { spent }));
  const failure = await model.think(question, signal).catch((error: unknown) => error);
  expect(asked).toEqual(['anthropic/claude-sonnet-5-5']);
  expect(failure).toMatchObject({ usage: { cost: 0.003 }, failure: { kind: 'quota', until: NOW + 1_000 } });
});

it('asks each model for as much as it can say, and as its window leaves', async () => {
  const chain = [{ provider: 'openai', model: 'mine' }];
  const limits = async (price: object, prompt = 'Write.') => {
    const prices = pricesWith([{ model: 'mine', input: 0, output: 1, ...price }]);
    const { model, requests } = routed(async () => ({}), { tasks: { code: chain }, prices, maxTokens: 10_000 });
    await model.think({ ...question, prompt }, signal);
    return { asked: requests[0]?.maxTokens, quote: model.quote({ ...question, prompt }) };
  };
  expect((await limits({})).asked).toBe(10_000);
  expect(await limits({ maxOutputTokens: 4_000 })).toEqual({ asked: 4_000, quote: 0.004 });
  expect((await limits({ contextTokens: 8_000 }, 'x'.repeat(9_000))).asked).toBe(8_000 - 1_000 - 3_004);
});

it('leaves out a model whose window the question fills, and says so', async () => {
  const prices = pricesWith([{ model: 'mine', input: 0, output: 0, contextTokens: 2_000 }]);
  const { model, asked } = routed(async () => ({}), {
    tasks: { code: [{ provider: 'openai', model: 'mine' }] },
    prices,
  });
  const long = { ...question, prompt: 'x'.repeat(9_000) };
  await expect(model.think(long, signal)).rejects.toThrow(/no room for an answer/);
  expect(asked).toEqual([]);
});

it('thinks as hard as is said of the model, else of the tier, else as the provider likes', async () => {
  const effortOf = async (efforts: Routing['efforts']) => {
    const { model, requests } = routed(async () => ({}), { efforts });
    await model.think(question, signal);
    return requests[0]?.effort;
  };
  expect(await effortOf({})).toBeUndefined();
  expect(await effortOf({ coding: 'high', strategy: 'low' })).toBe('high');
  expect(await effortOf({ coding: 'high', 'anthropic/claude-sonnet-5-5': 'low' })).toBe('low');
});

it('does not ask another model what is wrong with the question itself', async () => {
  const { model, asked } = routed(failing('large'));
  await expect(model.think(question, signal)).rejects.toMatchObject({ failure: { kind: 'permanent' } });
  expect(asked).toHaveLength(1);
});

it('asks nobody who is throttled, and says until when when that is everybody', async () => {
  const closed = (key: string): Access => ({
    gate: 'closed',
    until: NOW + (key === 'openai' ? 9_000 : 5_000),
    reason: 'throttled',
  });
  const { model, asked } = routed(async () => ({}), {}, closed);
  await expect(model.think(question, signal)).rejects.toMatchObject({ failure: { kind: 'quota', until: NOW + 5_000 } });
  expect(() => model.quote(question)).toThrow(ModelFailure);
  expect([asked.length, model.room('coding')]).toEqual([0, 0]);
});

it('lets one work begin while a provider is probed, and any number when another is well', () => {
  expect(
    routed(
      async () => ({}),
      {},
      () => ({ gate: 'probe' }),
    ).model.room('coding'),
  ).toBe(1);
  const mixed = (key: string): Access => (key === 'openai' ? { gate: 'open' } : { gate: 'probe' });
  expect(routed(async () => ({}), {}, mixed).model.room('coding')).toBe(Number.POSITIVE_INFINITY);
});

it('takes the models of a type of task before those of the tier', async () => {
  const { model, asked } = routed(async () => ({}), { tasks: { code: [{ provider: 'openai', model: 'gpt-6-luna' }] } });
  await model.think(question, signal);
  expect(asked).toEqual(['openai/gpt-6-luna']);
});

it('a tool loop stays with the model that began it', async () => {
  const said = { wire: 'responses', model: 'gpt-6-sol', content: [] };
  const { model, asked } = routed(async () => ({}));
  await model.think({ ...question, rounds: [{ said, results: [] }] }, signal);
  expect(asked).toEqual(['openai/gpt-6-sol']);
});
