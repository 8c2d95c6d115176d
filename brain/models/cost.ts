// What a call costs, and the most that it can cost. Pure: the price list, the usage and the moment come in.

import { ModelFailure } from './model.ts';
import { type ModelCard, modelCards, type Rate } from './prices.ts';
import { estimatedTokensOf } from './usage.ts';
import type { WireUsage } from './wire.ts';

/** Model cards by the name of the model. */
export type Prices = ReadonlyMap<string, ModelCard>;

/** A price from the company's own file, US dollars for a million tokens; 0 is allowed there, and only there. */
export type OwnPrice = {
  readonly model: string;
  readonly input: number;
  readonly output: number;
  /** Both cost what input costs unless told. */
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly contextTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
};

/** A model without a price. A failure that no retry changes. */
export class UnpricedModel extends ModelFailure {
  readonly model: string;
  constructor(model: string) {
    super({
      kind: 'permanent',
      reason: `no price is known for the model ${model}: give it one in org.yaml (models, prices)`,
    });
    this.model = model;
  }
}

/** The list of prices.ts, with the company's own prices over it. */
export function pricesWith(own: readonly OwnPrice[] = []): Prices {
  return new Map([...modelCards, ...own.map(cardOfOwn)].map((card) => [card.model, card]));
}

function cardOfOwn({ model, input, output, cacheRead = input, cacheWrite = input, ...limits }: OwnPrice): ModelCard {
  return { model, rates: [{ from: '1970-01-01', input, output, cacheRead, cacheWrite }], batch: 1, ...limits };
}

/**
 * The card of a model. A dated name (`claude-haiku-4-5-20251001`, `gpt-6-sol-2026-08-01`) has the card of the name without
 * its date unless it has its own.
 * Throws UnpricedModel.
 */
export function cardOf(prices: Prices, model: string): ModelCard {
  const card = knownCardOf(prices, model);
  if (!card) throw new UnpricedModel(model);
  return card;
}

function knownCardOf(prices: Prices, model: string): ModelCard | undefined {
  return prices.get(model) ?? prices.get(model.replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2})$/, ''));
}

/**
 * What a call cost, US dollars.
 * @param at when it was made, epoch ms: prices change
 * @param batch true for calls of a batch, which some providers sell cheaper
 * Throws UnpricedModel.
 */
export function costOf(prices: Prices, model: string, usage: WireUsage, at: number, batch = false): number {
  const card = cardOf(prices, model);
  const rate = rateAt(card, at);
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  const times = timesFor(card, inputTokens + cacheReadTokens + cacheWriteTokens);
  const input = inputTokens * rate.input + cacheReadTokens * rate.cacheRead + cacheWriteTokens * rate.cacheWrite;
  return ((input * times.input + outputTokens * rate.output * times.output) / 1e6) * (batch ? card.batch : 1);
}

/** Tokens that a provider puts around a request: instructions for tools, roles, schemas. */
const MARGIN_TOKENS = 1_000;

/**
 * The most that a call can cost, US dollars. A token stands for at least one byte, so no input has more tokens than bytes;
 * the answer may use all of `maxTokens`; and all of the input may be written to the cache.
 * @param size bytes (UTF-8) of everything that is sent, and the limit of the answer in tokens
 * @param at when it will be made, epoch ms
 * Throws UnpricedModel.
 */
export function worstCaseOf(
  prices: Prices,
  model: string,
  size: { readonly inputBytes: number; readonly maxTokens: number },
  at: number,
): number {
  const card = cardOf(prices, model);
  const rate = rateAt(card, at);
  const inputTokens = size.inputBytes + MARGIN_TOKENS;
  const times = timesFor(card, inputTokens);
  const input = inputTokens * Math.max(rate.input, rate.cacheRead, rate.cacheWrite) * times.input;
  return (input + size.maxTokens * rate.output * times.output) / 1e6;
}

/**
 * Most tokens that an answer of a model may have: what is wanted, what the model can say, and what its window leaves behind the
 * question, which is estimated. At most 0 when the question fills the window; what is not known limits nothing.
 * @param inputBytes bytes (UTF-8) of everything that is sent
 * @param wanted tokens
 */
export function answerLimitOf(prices: Prices, model: string, inputBytes: number, wanted: number): number {
  const { maxOutputTokens = wanted, contextTokens } = knownCardOf(prices, model) ?? {};
  const left = contextTokens === undefined ? wanted : contextTokens - estimatedTokensOf(inputBytes) - MARGIN_TOKENS;
  return Math.min(wanted, maxOutputTokens, left);
}

function rateAt({ rates, model }: ModelCard, at: number): Rate {
  const known = rates.filter(({ from }) => Date.parse(from) <= at).at(-1) ?? rates[0];
  if (!known) throw new UnpricedModel(model);
  return known;
}

function timesFor({ longContext }: ModelCard, inputTokens: number): { input: number; output: number } {
  return longContext && inputTokens > longContext.overTokens ? longContext : { input: 1, output: 1 };
}
