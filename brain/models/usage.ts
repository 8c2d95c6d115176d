// Counting tokens when the provider does not.

import type { Usage } from '../../bus/records.ts';
import type { WireRequest, WireUsage } from './wire.ts';

/**
 * Bytes that stand for one token in an estimate. English prose has about four, code about three: the smaller number, so
 * that an estimate is rather too dear than too cheap.
 */
export const BYTES_PER_TOKEN = 3;

/** Bytes (UTF-8) of everything in a request that a model reads: for estimates, and for `worstCaseOf`. */
export function inputBytesOf(request: Pick<WireRequest, 'system' | 'prompt' | 'rounds' | 'tools' | 'schema'>): number {
  const { system, prompt, rounds, tools, schema } = request;
  const rest = [
    ...(rounds.length > 0 ? [rounds] : []),
    ...(tools.length > 0 ? [tools] : []),
    ...(schema ? [schema] : []),
  ];
  return [system, prompt, ...rest.map((one) => JSON.stringify(one))].reduce((sum, text) => sum + bytesOf(text), 0);
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** Token counts as a provider gave them; what is missing or no count is undefined. */
export type GivenUsage = Partial<
  Readonly<Record<'input' | 'output' | 'cacheRead' | 'cacheWrite', number | null | undefined>>
>;

/**
 * The usage of a call: as given, or estimated where the provider gave nothing or nothing believable. No request is without
 * input and no answer without output, so zero means "not said" and is never free.
 * @param given `input` without what was read from and written to the cache
 * @param answer everything that the model said, as text
 */
export function usageOf(given: GivenUsage, request: WireRequest, answer: string): WireUsage {
  const [input, output, cacheReadTokens, cacheWriteTokens] = [
    given.input,
    given.output,
    given.cacheRead,
    given.cacheWrite,
  ].map(countOf) as [number, number, number, number];
  const hasInput = input + cacheReadTokens + cacheWriteTokens > 0;
  const hasOutput = output > 0 || answer === '';
  return {
    inputTokens: hasInput ? input : estimatedTokensOf(inputBytesOf(request)),
    outputTokens: hasOutput ? output : estimatedTokensOf(bytesOf(answer)),
    cacheReadTokens,
    cacheWriteTokens,
    estimated: !hasInput || !hasOutput,
  };
}

function countOf(given: number | null | undefined): number {
  return typeof given === 'number' && Number.isFinite(given) && given > 0 ? Math.ceil(given) : 0;
}

/** Tokens that so many bytes of text probably are. */
export function estimatedTokensOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BYTES_PER_TOKEN));
}

/** Under the name of the model that answered, with what was spent before. */
export function added(usage: Usage, before: Usage | undefined): Usage {
  if (!before) return usage;
  return {
    ...usage,
    inputTokens: usage.inputTokens + before.inputTokens,
    outputTokens: usage.outputTokens + before.outputTokens,
    cost: Math.round((usage.cost + before.cost) * 1e6) / 1e6,
    ...(usage.estimated || before.estimated ? { estimated: true } : {}),
  };
}
