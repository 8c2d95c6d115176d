import { expect, it } from 'vitest';
import { pricesWith } from './cost.ts';
import { ModelFailure, type Question } from './model.ts';
import type { Access, Reach, Trouble } from './reach.ts';
import { RoutedModel, type Routing } from './router.ts';
import { type Wire, WireFailure, type WireReply } from './wire.ts';

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
  const told: [string, Trouble][] = [];
  const wire = (provider: string): Wire => ({
    provider,
    async ask({ model }) {
      asked.push(`${provider}/${model}`);
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
    most: undefined,
    ...about,
  };
  const trials = () => ({ passed: 0, failed: 0 });
  const model = new RoutedModel({ routing: () => routing, reach, trials, now: () => NOW });
  return { model, asked, told };
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

it('falls back when a provider is in trouble, tells it once, and what was wasted is paid for', async () => {
  const { model, asked, told } = routed(failing('broken', { spent }));
  const { usage } = await model.think(question, signal);
  expect(asked).toEqual(['anthropic/claude-sonnet-5-5', 'openai/gpt-6-sol']);
  expect(told).toEqual([['anthropic', expect.objectContaining({ lasting: false })]]);
  expect(usage).toMatchObject({ model: 'openai/gpt-6-sol', cost: 0.006 });
  expect(usage.cost).toBeLessThanOrEqual(model.quote(question));
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
