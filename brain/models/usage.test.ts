import { describe, expect, it } from 'vitest';
import { inputBytesOf, usageOf } from './usage.ts';
import type { WireRequest } from './wire.ts';

const request: WireRequest = {
  model: 'm',
  system: 'a'.repeat(30),
  prompt: 'é'.repeat(30),
  rounds: [],
  tools: [],
  schema: undefined,
  maxTokens: 100,
  label: '',
};

describe('usage', () => {
  it('is what the provider gave', () => {
    expect(usageOf({ input: 5, output: 6, cacheRead: 7, cacheWrite: 8 }, request, 'hello')).toEqual({
      inputTokens: 5,
      outputTokens: 6,
      cacheReadTokens: 7,
      cacheWriteTokens: 8,
      estimated: false,
    });
  });

  it.each([
    ['missing', {}],
    ['zero', { input: 0, output: 0 }],
    ['null', { input: null, output: null }],
    ['negative or no number', { input: -3, output: Number.NaN }],
  ])('is counted from bytes when it is %s, never free', (_, given) => {
    expect(usageOf(given, request, 'x'.repeat(31))).toMatchObject({
      inputTokens: 30,
      outputTokens: 11,
      estimated: true,
    });
  });

  it('of an input that came from the cache altogether is believed', () => {
    expect(usageOf({ input: 0, output: 1, cacheRead: 9 }, request, 'x')).toMatchObject({
      inputTokens: 0,
      estimated: false,
    });
  });

  it('counts tools, schema and rounds as input', () => {
    const more = {
      ...request,
      tools: [{ name: 't', description: 'd', input: {} }],
      schema: { type: 'object' },
      rounds: [{ said: 'abc', results: [] }],
    };
    expect(inputBytesOf(request)).toBe(90);
    expect(inputBytesOf(more)).toBeGreaterThan(150);
  });
});
