// A message on its way to the stream: its headers, and why it may fail to get there.

import { ErrorCode, MsgHdrsImpl, NatsError } from 'nats';
import { BusFailure, reasonOf } from '../errors.ts';

/** A message on its way. */
export type Letter = {
  /** Relative to the company. */
  readonly subject: string;
  readonly id: string;
  readonly data: Uint8Array;
  readonly expected: number | undefined;
};

/** One reusable pair of headers: the client encodes headers at once, so they need not live longer. */
export class LetterHeaders extends MsgHdrsImpl {
  #text = '';

  /** @param key what the stream tells tries of one letter by; none is stored twice within an hour */
  about(key: string, expected: number | undefined): this {
    const sequence = expected === undefined ? '' : `Nats-Expected-Last-Subject-Sequence: ${expected}\r\n`;
    this.#text = `NATS/1.0\r\nNats-Msg-Id: ${key}\r\n${sequence}\r\n`;
    return this;
  }

  override encode(): Uint8Array {
    return Buffer.from(this.#text);
  }
}

/** @param said the last answer that decided nothing */
export function unanswered({ subject }: Pick<Letter, 'subject'>, said?: string): BusFailure {
  const last = said === undefined ? '' : ` (its last answer: ${said})`;
  return new BusFailure(
    'BUS_UNREACHABLE',
    `publish on ${subject}: the nats-server has not confirmed it for a minute${last}; it may or may not be stored`,
    'check the server, then publish the same message again',
  );
}

export function unwritable({ subject, data }: Letter, error: unknown): BusFailure {
  if (error instanceof NatsError && error.code === ErrorCode.MaxPayloadExceeded)
    return new BusFailure(
      'MESSAGE_TOO_LARGE',
      `publish on ${subject}: ${data.length} bytes are more than the server takes`,
      'keep it as a blob and publish its digest',
    );
  return new BusFailure('BUS_UNREACHABLE', `publish on ${subject}: ${reasonOf(error)}`, 'open the company again', {
    cause: error,
  });
}

export function noStream(wire: string): BusFailure {
  return new BusFailure(
    'NO_STREAM',
    `no stream takes ${wire}: it was deleted, or the server switched JetStream off`,
    "look at the server's log and its disk",
  );
}
