import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cardOf, costOf, pricesWith, UnpricedModel, worstCaseOf } from './cost.ts';
import { modelCards, pricesAsOf } from './prices.ts';
import type { WireUsage } from './wire.ts';

const prices = pricesWith();
const now = Date.parse(pricesAsOf);

function usage(over: Partial<WireUsage> = {}): WireUsage {
  return { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, estimated: false, ...over };
}

describe('the cost of a call', () => {
  it('counts input, output and both directions of the cache apart', () => {
    const all = usage({ inputTokens: 1e6, outputTokens: 1e5, cacheReadTokens: 1e6, cacheWriteTokens: 1e5 });
    expect(costOf(prices, 'claude-opus-5-5', all, now)).toBeCloseTo(4 + 2 + 0.2 + 0.5, 10);
  });

  it('is half in a batch where the provider says so', () => {
    expect(costOf(prices, 'claude-sonnet-5-5', usage({ outputTokens: 1e6 }), now, true)).toBe(5);
    expect(costOf(prices, 'gpt-6-sol', usage({ outputTokens: 1e6 }), now, true)).toBe(10);
  });

  it('rises for the whole request beyond the long-context threshold, cached input included', () => {
    const short = usage({ inputTokens: 2_000, cacheReadTokens: 270_000, outputTokens: 1e6 });
    const long = { ...short, inputTokens: 2_001 };
    expect(costOf(prices, 'gpt-6-sol', short, now)).toBeCloseTo(0.004 + 0.054 + 10, 10);
    expect(costOf(prices, 'gpt-6-sol', long, now)).toBeCloseTo(2 * (0.004002 + 0.054) + 15, 10);
  });

  it('is that of the day on which it was made', () => {
    const million = usage({ outputTokens: 1e6 });
    const on = (day: string) => costOf(prices, 'gpt-5.6-sol', million, Date.parse(day));
    expect([on('2026-01-05'), on('2026-08-15'), on('2026-09-30T23:59:59Z'), on('2026-10-01')]).toEqual([
      30, 30, 30, 20,
    ]);
  });

  it('knows a dated name by the name without its date', () => {
    expect(cardOf(prices, 'claude-haiku-4-5-20251001').model).toBe('claude-haiku-4-5');
    expect(cardOf(prices, 'gpt-6-sol-2026-08-01').model).toBe('gpt-6-sol');
  });

  it('is refused for a model without a price', () => {
    expect(() => costOf(prices, 'gpt-6.1-terra', usage(), now)).toThrow(UnpricedModel);
    expect(() => worstCaseOf(prices, 'llama-9', { inputBytes: 1, maxTokens: 1 }, now)).toThrow(
      'no price is known for the model llama-9',
    );
  });

  it('is what the company says for its own models, and nothing only when it says 0', () => {
    const own = pricesWith([
      { model: 'llama-9', input: 0, output: 0 },
      { model: 'gpt-6-sol', input: 1, output: 1 },
    ]);
    expect(costOf(own, 'llama-9', usage({ inputTokens: 1e6, outputTokens: 1e6 }), now)).toBe(0);
    expect(costOf(own, 'gpt-6-sol', usage({ inputTokens: 1e6, cacheReadTokens: 1e6 }), now)).toBe(2);
  });
});

describe('the worst case', () => {
  it('is never less than what a call of that size costs', () => {
    const sizes = fc.record({
      card: fc.constantFrom(...modelCards),
      bytes: fc.nat(400_000),
      parts: fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100)),
      maxTokens: fc.nat(128_000),
      at: fc.integer({ min: Date.parse('2025-01-01'), max: Date.parse('2028-01-01') }),
    });
    fc.assert(
      fc.property(sizes, ({ card: { model }, bytes, parts, maxTokens, at }) => {
        const whole = Math.max(1, parts[0] + parts[1] + parts[2]);
        const [inputTokens, cacheReadTokens, cacheWriteTokens] = parts.map((part) =>
          Math.floor((bytes * part) / whole),
        ) as [number, number, number];
        const real = usage({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens: maxTokens });
        const worst = worstCaseOf(prices, model, { inputBytes: bytes, maxTokens }, at);
        expect(worst).toBeGreaterThanOrEqual(costOf(prices, model, real, at));
      }),
    );
  });
});

describe('the price list', () => {
  it('has one card for a model, with ordered days and prices that can be true', () => {
    expect(new Set(modelCards.map(({ model }) => model)).size).toBe(modelCards.length);
    for (const { model, rates } of modelCards) {
      const days = rates.map(({ from }) => from);
      expect(days, model).toEqual([...days].sort());
      for (const { input, output, cacheRead, cacheWrite } of rates) {
        expect([input > 0, output > input, cacheRead > 0, cacheRead <= input, cacheWrite >= input], model).toEqual(
          Array(5).fill(true),
        );
      }
    }
  });
});
