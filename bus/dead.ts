// What is published on `dead.<consumer>` about a message that was given up on.

import type { Stored } from './bus.ts';
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

/** A dead letter as people speak of it. */
export type Letter = {
  /** `X1`, `X2`, ... in the order of the stream. */
  readonly id: string;
  /** Where the letter is on the stream. */
  readonly seq: number;
  readonly letter: Message<'dead.lettered'>;
  /** The id its message was published again with; undefined while it lies there. */
  readonly requeuedAs: string | undefined;
};

/** The dead letters among these messages, which must be all on `dead.>`, in their order. Pure. */
export function lettersIn(stored: Iterable<Stored>): Letter[] {
  const letters: Letter[] = [];
  for (const { seq, message } of stored) {
    if (message.type === 'dead.lettered') {
      letters.push({ id: `X${letters.length + 1}`, seq, letter: message, requeuedAs: undefined });
    }
    if (message.type !== 'dead.requeued') continue;
    const { letter, as } = message.data;
    const index = letters.findIndex((one) => one.letter.id === letter);
    const found = letters[index];
    if (found) letters[index] = { ...found, requeuedAs: as };
  }
  return letters;
}

/** The message of a letter as it is published again: the same letter always gives the same id. */
export function requeueing(message: Message, seq: number, by: string): Draft {
  const base = message.id.replace(/\.requeued\.\d+$/, '').slice(0, 230);
  const { type, data, correlationid } = message;
  const again = type === 'assignment.given' ? { ...data, why: 'requeued' } : data;
  return {
    id: `${base}.requeued.${seq}`,
    type,
    source: by,
    data: again,
    correlationid,
    causationid: message.id,
  } as Draft;
}
