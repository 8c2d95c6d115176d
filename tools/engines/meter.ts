// What a command line that knows no budget may spend: each call of its model passes here, and none is let through that could go
// over what was set aside. What a call cost is read in its provider's own reply.
//
// Invariants:
//   M1. What the calls of a program cost, with `worstCall` for each that nobody can price, is never more than its `cost`.
//   M2. A call that its provider turned away cost nothing.

import type { CliSettings } from '../../org/org.ts';
import type { CoderUsage, PriceOf } from './coder.ts';

/** What the reply to one call says that it used. */
export type CallUsage = { readonly model: string; readonly inputTokens: number; readonly outputTokens: number };

export interface Meter {
  /** Why no call may be begun; undefined when one more fits. */
  refuses(): string | undefined;
  /** Counts a call; the result takes its end: the status and the text of the reply. */
  begun(): (status: number | undefined, reply: string) => void;
  /** True when a call was refused. */
  readonly refused: boolean;
  /** Of all calls that have ended; undefined when there was none. */
  readonly usage: (CoderUsage & { readonly cost: number }) | undefined;
}

/**
 * @param read finds what a call used in the reply to it
 * @param priceOf what that costs, US dollars; undefined for a model without a price
 */
export function openMeter(
  { cost, worstCall }: Pick<CliSettings, 'cost' | 'worstCall'>,
  read: (reply: string) => CallUsage | undefined,
  priceOf: PriceOf,
): Meter {
  let spent = 0;
  let open = 0;
  let refused = false;
  let told: CallUsage | undefined;
  const end = (status: number | undefined, reply: string) => {
    open -= 1;
    if (status !== undefined && status >= 400) return;
    const used = read(reply);
    spent += (used && priceOf(used)) ?? worstCall;
    told = {
      model: used?.model ?? told?.model ?? 'unknown',
      inputTokens: (told?.inputTokens ?? 0) + (used?.inputTokens ?? 0),
      outputTokens: (told?.outputTokens ?? 0) + (used?.outputTokens ?? 0),
    };
  };
  return {
    refuses() {
      // Half a millionth of room, for sums of fractions are not exact.
      if (spent + (open + 1) * worstCall <= cost + 5e-7) return undefined;
      refused = true;
      return `one more call could cost more than its $${cost}`;
    },
    begun() {
      open += 1;
      let over = false;
      return (status, reply) => {
        if (!over) end(status, reply);
        over = true;
      };
    },
    get refused() {
      return refused;
    },
    get usage() {
      return told && { ...told, cost: spent };
    },
  };
}
