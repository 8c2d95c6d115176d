// What a model said, word for word, so that the next round of a tool loop can give it back unchanged. Thinking is bound to
// the model that thought it, so a loop stays with its wire and model to the end.

import { z } from 'zod';
import type { Exchange } from './model.ts';
import { WireFailure, type WireRequest } from './wire.ts';

/** The wire formats spoken here. */
export const WireFormat = z.enum(['anthropic', 'responses', 'chat']);
export type WireFormat = z.infer<typeof WireFormat>;

const Said = z.strictObject({
  wire: WireFormat,
  model: z.string(),
  /** Content blocks, output items or messages of that wire format, as they came. */
  content: z.array(z.looseObject({})),
});
type Said = z.infer<typeof Said>;

/** Who said it; undefined for what no wire said. Routing keeps a tool loop with them. */
export function saidBy(said: unknown): Pick<Said, 'wire' | 'model'> | undefined {
  const parsed = Said.safeParse(said);
  return parsed.success ? { wire: parsed.data.wire, model: parsed.data.model } : undefined;
}

/** Keeps what a model said for `Exchange.said`. */
export function keepSaid(wire: WireFormat, model: string, content: readonly object[]): unknown {
  return { wire, model, content };
}

/**
 * The content of one round, as its provider gave it.
 * Throws WireFailure (request) when another wire or model said it.
 */
export function contentOf(round: Exchange, wire: WireFormat, { model }: WireRequest, provider: string): object[] {
  const parsed = Said.safeParse(round.said);
  if (!parsed.success) throw new WireFailure(provider, 'request', 'a round of the tool loop was said by nobody known');
  const { data } = parsed;
  if (data.wire === wire && data.model === model) return data.content;
  const other = `${data.model} over ${data.wire}, not by ${model} over ${wire}`;
  throw new WireFailure(provider, 'request', `a round of the tool loop was said by ${other}`);
}
