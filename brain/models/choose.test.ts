import { describe, expect, it } from 'vitest';
import { type Candidate, choose, nameOf, nobody } from './choose.ts';
import { rateOf, verdictOn } from './trials.ts';

const now = 1_000_000;
const one = (name: string, about: Partial<Candidate> = {}): Candidate => ({
  choice: { provider: name, model: 'm' },
  access: { gate: 'open' },
  trials: { passed: 0, failed: 0 },
  worst: 0.1,
  ...about,
});
const order = (...given: Parameters<typeof choose>) => choose(...given).order.map(({ choice }) => choice.provider);

describe('who is asked', () => {
  it('is in the order of the file while nothing speaks against anybody', () => {
    expect(order([one('a'), one('b'), one('c')])).toEqual(['a', 'b', 'c']);
  });

  it('is nobody in trouble, without a key, without a price, or too dear; each with its reason', () => {
    const { order: none, left } = choose(
      [
        one('a', { access: { gate: 'closed', until: now + 5_000, reason: 'throttled: 429' } }),
        one('b', { missing: 'B_KEY is not set' }),
        one('c', { worst: { unpriced: 'no price is known' } }),
        one('d', { worst: 3 }),
        one('e', { unfit: 'x began this tool loop' }),
      ],
      1,
    );
    expect(none).toEqual([]);
    expect(new Map(left.map(({ choice, why }) => [choice.provider, why]))).toEqual(
      new Map([
        ['e', 'x began this tool loop'],
        ['a', 'throttled: 429'],
        ['b', 'B_KEY is not set'],
        ['c', 'no price is known'],
        ['d', 'one call may cost $3.00'],
      ]),
    );
    const { failure } = nobody(left, now);
    expect(failure).toMatchObject({ kind: 'quota', until: now + 5_000 });
    for (const { choice, why } of left) expect(failure.reason).toContain(`${nameOf(choice)}: ${why}`);
  });

  it('is nobody for good when no wait can help', () => {
    expect(nobody(choose([one('a', { missing: 'A_KEY is not set' })]).left, now).failure).toEqual({
      kind: 'permanent',
      reason: 'no model can be asked: a/m: A_KEY is not set',
    });
    expect(nobody([], now).failure.reason).toBe('no model can be asked: none is configured');
  });
});

describe('the record of success', () => {
  it('puts a poor model last, and says nothing after few trials', () => {
    expect(order([one('a', { trials: { passed: 1, failed: 9 } }), one('b')])).toEqual(['b', 'a']);
    expect(order([one('a', { trials: { passed: 0, failed: 3 } }), one('b')])).toEqual(['a', 'b']);
  });

  it('leaves a hopeless model out while there is another, and never leaves nobody', () => {
    const hopeless = { trials: { passed: 0, failed: 12 } };
    expect(order([one('a', hopeless), one('b')])).toEqual(['b']);
    expect(choose([one('a', hopeless), one('b')]).left[0]?.why).toBe('12 of 12 attempts with it failed');
    expect(order([one('a', hopeless), one('b', hopeless)])).toEqual(['a', 'b']);
  });

  it('does not bring back what is too dear', () => {
    const hopeless = { trials: { passed: 0, failed: 12 } };
    expect(order([one('a', { ...hopeless, worst: 3 })], 1)).toEqual([]);
  });

  it('is an interval that narrows with the number of trials', () => {
    expect(rateOf({ passed: 0, failed: 0 })).toEqual({ low: 0, high: 1 });
    // Wilson's interval for 8 of 10, to three places, as tables have it.
    const { low, high } = rateOf({ passed: 8, failed: 2 });
    expect([low.toFixed(3), high.toFixed(3)]).toEqual(['0.490', '0.943']);
    expect([3, 4, 11, 12].map((failed) => verdictOn({ passed: 0, failed }))).toEqual([
      'good',
      'poor',
      'poor',
      'hopeless',
    ]);
  });
});
