// What somebody has to say, before it is known who says it and why.

import type { Draft, MessageType } from './messages.ts';

/** A draft without its author. */
export type Unsigned<T extends MessageType = MessageType> = T extends MessageType ? Omit<Draft<T>, 'source'> : never;

type Signature = {
  /** Who says it. */
  readonly source: string;
  /** Unless what is said names its own. */
  readonly correlationid?: string | undefined;
  readonly causationid?: string | undefined;
};

/** A draft with its author, and with its lineage and cause where it names none. */
export function signed<T extends MessageType>(by: Signature, said: Unsigned<T>): Draft<T>;
export function signed(by: Signature, said: Unsigned): Draft {
  return { ...by, ...said };
}
