// What the stream answers to a write.

import type { Msg } from 'nats';

export type Confirmation = { seq: number; duplicate?: boolean; error?: { err_code?: number; description: string } };

const decoder = new TextDecoder();

/** The stream's code for "wrong last sequence". */
const WRONG_SEQUENCE = 10071;

/** The stream's code for "this id is in process". */
const IN_PROCESS = 10158;

/**
 * Answers of a cluster that say nothing about the message yet: no leader (10004, 10008, 10009), or something that another wrote
 * before it (10164) and the other nodes have not confirmed.
 */
const UNDECIDED: readonly (number | undefined)[] = [10004, 10008, 10009, 10164];

/** Undefined for an answer that no stream gave. */
export function confirmationIn({ data }: Msg): Confirmation | undefined {
  if (data.length === 0) return undefined;
  try {
    return JSON.parse(decoder.decode(data)) as Confirmation;
  } catch {
    return undefined;
  }
}

export function isUndecided({ error }: Confirmation): boolean {
  return UNDECIDED.includes(error?.err_code);
}

/** The id is that of a try of which nobody knows yet whether it is stored; some 2.10 call that a duplicate of sequence 0. */
export function isTaken({ seq, error }: Confirmation): boolean {
  return error ? error.err_code === IN_PROCESS : seq === 0;
}

export function isStale({ error }: Confirmation): boolean {
  return error?.err_code === WRONG_SEQUENCE;
}
