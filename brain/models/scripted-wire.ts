// The answers of a script over the wires of a router: what is routed, throttled and paid for is real, only the words are not.
// A wire knows no questions, so whoever asks the router is seen first.

import type { Clock } from '../../bus/clock.ts';
import { type Model, ModelFailure, type Question } from './model.ts';
import { type Wire, WireFailure, type WireReply, type WireRequest } from './wire.ts';

/** A provider that refuses everything for a while; epoch ms. */
export type Outage = { readonly provider: string; readonly from: number; readonly until: number };

/** The outage in which a provider is at an instant (epoch ms), if it is in one. */
export function outageOf(outages: readonly Outage[], provider: string, now: number): Outage | undefined {
  return outages.find((one) => one.provider === provider && one.from <= now && now < one.until);
}

/** What is wrong with a provider, as its wire says it; everything else is as it was. */
function overWire(provider: string, error: unknown, now: number): unknown {
  if (!(error instanceof ModelFailure)) return error;
  const { kind, reason, until } = error.failure;
  if (kind === 'quota' && until !== undefined)
    return new WireFailure(provider, 'throttled', reason, { status: 429, retryAfterMs: until - now, until });
  return kind === 'environment' ? new WireFailure(provider, 'overloaded', reason, { status: 529 }) : error;
}

export type ScriptedWires = {
  /** The router, with every question noted on its way to it. */
  before(router: Model): Model;
  wire(provider: string): Wire;
};

/** @param scriptOf answers for a provider, as it would without a wire; its prices do not count */
export function scriptedWires(
  scriptOf: (provider: string) => Model,
  outages: readonly Outage[],
  clock: Pick<Clock, 'now'>,
): ScriptedWires {
  const asked = new Map<string, Question>();
  const idOf = ({ system, prompt, rounds }: Pick<WireRequest, 'system' | 'prompt' | 'rounds'>) =>
    JSON.stringify([system, prompt, rounds]);

  async function ask(provider: string, request: WireRequest, signal: AbortSignal): Promise<WireReply> {
    signal.throwIfAborted();
    const now = clock.now();
    const outage = outageOf(outages, provider, now);
    if (outage) {
      const detail = { status: 429, retryAfterMs: outage.until - now, until: outage.until };
      throw new WireFailure(provider, 'throttled', 'out of quota', detail);
    }
    const question = asked.get(idOf(request));
    if (!question) throw new WireFailure(provider, 'unrecorded', request.label);
    const { text, calls, said, usage } = await scriptOf(provider)
      .think(question, signal)
      .catch((error: unknown) => {
        throw overWire(provider, error, now);
      });
    const { inputTokens, outputTokens } = usage;
    const spent = { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, estimated: false };
    return { text, calls, said, usage: spent, stop: calls.length > 0 ? 'tools' : 'end' };
  }

  return {
    before: (router) => ({
      quote: (question) => router.quote(question),
      think(question, signal, heard) {
        asked.set(idOf(question), question);
        return router.think(question, signal, heard);
      },
    }),
    wire: (provider) => ({ provider, ask: (request, signal) => ask(provider, request, signal) }),
  };
}
