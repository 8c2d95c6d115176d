// How checks report: each judgement is counted, so that an audit can say what it looked at, and a broken one becomes a
// violation.

import type { Stored } from '../bus/bus.ts';
import type { MessageType } from '../bus/messages.ts';
import type { Ledger } from './ledger.ts';
import type { Rules } from './rules.ts';
import type { InvariantId } from './table.ts';

export type Violation = {
  readonly invariant: string;
  /** The message that broke it; for what is missing, the last one about the thing that misses it. */
  readonly seq: number;
  readonly subject: string;
  readonly detail: string;
};

/** Judges one thing: `detail` is asked for only when it does not hold. */
export type Judge = (invariant: InvariantId, holds: boolean, detail: () => string) => void;

/** The same for things that are not the message in hand. */
export type JudgeThing = (
  invariant: InvariantId,
  holds: boolean,
  thing: { readonly seq: number; readonly subject: string; readonly detail: () => string },
) => void;

/** One message in hand, before the ledger has folded it in. */
export type Case = {
  readonly stored: Stored;
  readonly ledger: Ledger;
  readonly rules: Rules;
  /** The message's time, epoch ms. */
  readonly at: number;
  readonly judge: Judge;
};

export type Check = {
  /** Types of message it looks at; all of them when undefined. */
  readonly types?: readonly MessageType[];
  look(given: Case): void;
};

/** A message that a person took out of the dead letters and had published again (bus/dead.ts): a repeat on purpose. */
export function isRequeued(id: string): boolean {
  return /\.requeued\.\d+$/.test(id);
}
