// What models cost and how much they take: a dated data file. US dollars for a million tokens.
//
// Where the numbers come from, and when:
//   Claude: what Claude Code 2.1.330 billed for a measured call, compared with platform.claude.com; 2026-11-22.
//   GPT: third parties that quote OpenAI's list between September and November 2026; read on 2026-11-22.
// What was not found is not here: such a model needs a price in the company's file, or it is refused.

/** The day on which this list was last compared with its sources. */
export const pricesAsOf = '2026-11-22';

/** A price from a day on (UTC), until the next one begins. */
export type Rate = {
  readonly from: string;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
};

/** Above so many input tokens the whole request costs this many times as much. */
export type LongContext = { readonly overTokens: number; readonly input: number; readonly output: number };

export type ModelCard = {
  readonly model: string;
  /** Oldest first; before the first day its price counts. */
  readonly rates: readonly Rate[];
  /** Part of the price that a batch costs; 1: no discount is known. */
  readonly batch: number;
  readonly longContext?: LongContext | undefined;
  /** Tokens of input and output together; undefined: not known, the provider decides. */
  readonly contextTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
};

type Row = readonly [input: number, output: number, cacheRead: number, cacheWrite: number];

function rate(from: string, [input, output, cacheRead, cacheWrite]: Row): Rate {
  return { from, input, output, cacheRead, cacheWrite };
}

/** "Context 1 M, max output 128 K on 5.x"; batches cost half. The limits of older models were not looked up. */
function claude(model: string, row: Row, from = pricesAsOf): ModelCard {
  const limits = /^claude-[a-z]+-5(-|$)/.test(model) ? { contextTokens: 1_000_000, maxOutputTokens: 128_000 } : {};
  return { model, rates: [rate(from, row)], batch: 0.5, ...limits };
}

/** More than 272 K input tokens: the whole request costs twice the input and 1.5 times the output price. */
function gpt(model: string, ...rates: readonly Rate[]): ModelCard {
  return { model, rates, batch: 1, longContext: { overTokens: 272_000, input: 2, output: 1.5 } };
}

/** Where no price for writing to the cache is known it is that of input. */
export const modelCards: readonly ModelCard[] = [
  claude('claude-fable-5-2', [8, 40, 0.2, 10]),
  claude('claude-mythos-5-2', [8, 40, 0.2, 10]),
  claude('claude-fable-5-1', [10, 50, 1, 12.5]),
  claude('claude-fable-5', [10, 50, 1, 12.5]),
  claude('claude-opus-5-5', [4, 20, 0.2, 5], '2026-09-22'),
  claude('claude-opus-5', [5, 25, 0.5, 6.25]),
  claude('claude-opus-4-8', [5, 25, 0.5, 6.25]),
  claude('claude-opus-4-6', [5, 25, 0.5, 6.25]),
  claude('claude-sonnet-5-5', [2, 10, 0.1, 2.5]),
  claude('claude-sonnet-5', [2, 10, 0.2, 2.5]),
  claude('claude-sonnet-4-6', [3, 15, 0.3, 3.75]),
  claude('claude-haiku-5-5', [0.1, 0.5, 0.01, 0.125]),
  claude('claude-haiku-4-5', [1, 5, 0.1, 1.25]),

  gpt('gpt-6-astra', rate(pricesAsOf, [10, 50, 1, 10])),
  gpt('gpt-6-sol', rate(pricesAsOf, [2, 10, 0.2, 2.5])),
  gpt('gpt-6.1-sol', rate(pricesAsOf, [2, 10, 0.1, 2])),
  gpt('gpt-6-luna', rate(pricesAsOf, [0.1, 0.5, 0.01, 0.125])),
  gpt('gpt-5.6-terra', rate(pricesAsOf, [2, 12, 0.2, 2])),
  gpt('gpt-5.6-luna', rate(pricesAsOf, [0.2, 1.2, 0.02, 0.2])),
  // 5/30 in August, 4/20 "by late September": the dearer one is kept until that month was over. Cached input was not
  // found for either; it costs what input costs.
  gpt('gpt-5.6-sol', rate('2026-08-01', [5, 30, 5, 5]), rate('2026-10-01', [4, 20, 4, 4])),
];
