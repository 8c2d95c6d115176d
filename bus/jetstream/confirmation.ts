// What the stream answers to a write.

import type { Msg } from 'nats';

export type Confirmation = { seq: number; duplicate?: boolean; error?: { err_code?: number; description: string } };

const decoder = new TextDecoder();

/** The stream's code for "wrong last sequence". */
const WRONG_SEQUENCE = 10071;

/**
 * Answers of a cluster that say nothing about the message yet: no leader (10004, 10008, 10009), or something written before
 * it, by us (10158) or by another (10164), that the other nodes have not confirmed.
 */
const UNDECIDED: readonly (number | undefined)[] = [10004, 10008, 10009, 10158, 10164];

/** Undefined for an answer that no stream gave. */
export function confirmationIn({ data }: Msg): Confirmation | undefined {
  if (data.length === 0) return undefined;
  try {
    return JSON.parse(decoder.decode(data)) as Confirmation;
  } catch {
    return undefined;
  }
}

/** A leader of 2.10 that has lost the others calls a repeated id a duplicate of sequence 0: of a try that may yet be dropped. */
export function isUndecided({ seq, error }: Confirmation): boolean {
  return error ? UNDECIDED.includes(error.err_code) : seq === 0;
}

export function isStale({ error }: Confirmation): boolean {
  return error?.err_code === WRONG_SEQUENCE;
}
