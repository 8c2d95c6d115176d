// What is published on `dead.<consumer>` about a message that was given up on.

import type { Draft, Message } from './messages.ts';

/** How much of what arrived is kept, in characters. */
const KEPT_PAYLOAD = 4096;

export type Dead = {
  readonly consumer: string;
  readonly subject: string;
  readonly seq: number;
  readonly reason: string;
  readonly attempts: number;
  readonly payload: string;
  /** The message itself, where it could be read. */
  readonly message?: Message;
};

/** The dead letter about one delivery; the same delivery always makes the same id. */
export function deadLetter(dead: Dead): Draft<'dead.lettered'> {
  const { message, payload, ...facts } = dead;
  return {
    id: `dead.${dead.consumer}.${dead.seq}`,
    type: 'dead.lettered',
    source: 'harness',
    data: { ...facts, payload: payload.slice(0, KEPT_PAYLOAD) },
    ...(message ? { causationid: message.id } : {}),
    ...(message?.correlationid ? { correlationid: message.correlationid } : {}),
  };
}
