// Between what the client delivers and what the port promises.

import type { Msg } from 'nats';
import type { Stored } from '../bus.ts';
import { type Message, parseMessage } from '../messages.ts';

const decoder = new TextDecoder();

/** A message of a consumer, as it came off the wire. */
export type Arrival = {
  /** The consumer it was delivered by. */
  readonly consumer: string;
  readonly seq: number;
  /** Relative to the company. */
  readonly subject: string;
  /** 1 on first delivery. */
  readonly attempt: number;
  /** Position among the deliveries of its consumer: 1, 2, 3, ... */
  readonly position: number;
  /** Matching messages that were waiting behind it. */
  readonly pending: number;
  /** The message as it came. */
  readonly data: Uint8Array;
  /** Where to acknowledge it. */
  readonly reply: string;
};

/** Reads a delivery; its facts are in the tokens of the reply subject. */
export function arrivalOf(msg: Msg, prefixLength: number): Arrival | undefined {
  const reply = msg.reply ?? '';
  const tokens = reply.split('.');
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
  // `$JS.ACK.<stream>.<consumer>.<attempt>.<seq>.<position>.<time>.<pending>`; newer servers put domain and account before
  // the stream and may add tokens at the end.
  const at = tokens.length === 9 ? 4 : 6;
  return {
    consumer: tokens[at - 1] ?? '',
    seq: Number(tokens[at + 1]),
    subject: msg.subject.slice(prefixLength),
    attempt: Number(tokens[at]),
    position: Number(tokens[at + 2]),
    pending: Number(tokens[at + 4]),
    data: msg.data,
    reply,
  };
}

export type ReadStored = { ok: true; stored: Stored } | { ok: false; reason: string };

/** The highest sequence that a process has heard of. */
export class Known {
  seq = 0;

  note(seq: number): void {
    if (seq > this.seq) this.seq = seq;
  }
}

/**
 * How many messages of our own are remembered at least: more than are on their way at once, and so few that most are forgotten before V8
 * looks for what is still in use (every 500 messages or so), and copies it.
 */
const OWN = 256;
/** Longer ones are parsed again: remembering them would cost more memory than it saves time. */
const LONGEST = 8_192;
/** Where the id begins in what `seal` makes. */
const ID_AT = '{"specversion":"1.0","id":"'.length;
const QUOTE = '"'.charCodeAt(0);

type Own = { readonly bytes: Buffer; readonly message: Message };

/** Messages this process wrote: what comes back from the stream byte for byte need not be parsed. */
export class OwnMessages {
  // Two generations, the older dropped whole: taking the oldest out of one map walks over all that were taken out before.
  #young = new Map<string, Own>();
  #old = new Map<string, Own>();

  note(bytes: Buffer, message: Message): void {
    if (bytes.length > LONGEST) return;
    if (this.#young.size === OWN) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    // An id that JSON writes with escapes is not found again, and its message parsed.
    this.#young.set(message.id, { bytes, message });
  }

  read(bytes: Buffer): Message | undefined {
    const id = idIn(bytes);
    const own = this.#young.get(id) ?? this.#old.get(id);
    return own?.bytes.equals(bytes) ? own.message : undefined;
  }
}

/** The id, where the writer put it first: a short name for the whole. Otherwise any text, and what is found is compared. */
function idIn(bytes: Buffer): string {
  return bytes.toString('latin1', ID_AT, bytes.indexOf(QUOTE, ID_AT));
}

/** Parses what the stream holds; the subject is the one it is stored on, not the one it claims. */
export function storedOf(own: OwnMessages, seq: number, subject: string, data: Uint8Array): ReadStored {
  const known = own.read(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  if (known) return { ok: true, stored: { seq, subject, message: known } };
  const parsed = parseMessage(textOf(data));
  return parsed.ok ? { ok: true, stored: { seq, subject, message: parsed.message } } : parsed;
}

/** What was sent, as text. */
export function textOf(data: Uint8Array): string {
  return decoder.decode(data);
}
