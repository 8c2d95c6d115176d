// The part of a message broker the company needs, and nothing else. Two implementations, memory.ts and jetstream.ts, pass
// one contract: tests/contract/bus.contract.ts. Subjects here are relative to the company (`task.T1`); an adapter puts the
// company's slug in front.

import type { Draft, Message, MessageType } from './messages.ts';

/** A message as the stream holds it. */
export type Stored = {
  /** Position on the stream: 1, 2, 3, ... */
  readonly seq: number;
  readonly subject: string;
  readonly message: Message;
};

/** What the stream holds and this version cannot read: another version wrote it, or somebody else. */
export type Foreign = {
  readonly seq: number;
  readonly subject: string;
  /** What is wrong with it. */
  readonly reason: string;
};

export type Published = {
  readonly seq: number;
  /** True when the stream already held a message with this id; `seq` is then that message's. */
  readonly duplicate: boolean;
};

export type PublishOptions = {
  /** The last sequence on this subject that the writer has seen; 0 = there must be none. Refused with StaleWrite otherwise. */
  readonly expectedLastSeq?: number;
};

/** A message in hand. Settle it exactly once: ack, nak or term. While its handler runs, the adapter keeps it alive (`working`). */
export interface Delivery extends Stored {
  /** 1 on first delivery. */
  readonly attempt: number;
  /** Done: never delivered again. */
  ack(): void;
  /** Not now: delivered again after `delayMs` of the company's clock, without holding up the others. */
  nak(delayMs?: number): void;
  /** Still at it: the stream waits a full `ackWaitMs` again. Adapters call it themselves while a handler runs. */
  working(): void;
  /** Never: it is published on `dead.<consumer>` with the reason, and not delivered again. */
  term(reason: string): Promise<void>;
}

export type ConsumerSpec = {
  /** Durable name: consumers with one name, in any process, share the work. */
  readonly durable: string;
  /** Subjects, NATS wildcards allowed (`*` one token, `>` the rest). */
  readonly filters: readonly string[];
  /** How many handlers may run at once here; later deliveries wait in line. A function, so that an org change takes effect. */
  readonly capacity: () => number;
  /** A delivery that its handler has left unsettled comes back after this long. */
  readonly ackWaitMs: number;
};

export interface Consumer {
  /** Looks again whether a waiting delivery can be handled; call it when `capacity` has grown. */
  wake(): void;
  /** Deliveries handed to handlers that have not returned yet. */
  readonly inHand: number;
  /** Stops taking deliveries and waits for the handlers that run. The durable stays. */
  close(): Promise<void>;
}

export type Range = {
  /** Subject filter, NATS wildcards allowed. */
  readonly filter: string;
  /** First sequence wanted. */
  readonly fromSeq?: number;
  /** First instant wanted, epoch ms. */
  readonly since?: number;
  /** Last sequence wanted. */
  readonly untilSeq?: number;
  /** Hears of messages that do not parse, in their place; unless given, the log does. */
  readonly foreign?: (foreign: Foreign) => void;
  /** Gets each message as the stream holds it, before it is yielded, where an adapter has that at hand. */
  readonly bytes?: (bytes: Uint8Array) => void;
};

export interface Bus {
  /** The company's slug: the first token of every subject. */
  readonly company: string;
  /** Durable once resolved. Throws StaleWrite, BusFailure. A second message with the same id is dropped. */
  publish<T extends MessageType>(subject: string, draft: Draft<T>, options?: PublishOptions): Promise<Published>;
  /** Publishes without waiting and without a confirmation: it may be lost. For watching only (`agent.<id>.state`). */
  tell<T extends MessageType>(subject: string, draft: Draft<T>): void;
  /** The last message on a subject: that thing's state. */
  last(subject: string): Promise<Stored | undefined>;
  /** Calls `handler` for each delivery, oldest first, at most `capacity` at once. What cannot be parsed goes to `dead.<durable>`. */
  consume(spec: ConsumerSpec, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer>;
  /** What the stream holds now, in order, then ends. */
  replay(range: Range): AsyncIterable<Stored>;
  /** Every message from `fromSeq` (default: new ones only) as it is stored, in order. For projections and people. */
  tap(
    range: Pick<Range, 'filter' | 'fromSeq' | 'foreign'>,
    handler: (stored: Stored) => void,
  ): Promise<{ close(): Promise<void> }>;
  /** Keeps bytes too large for a message (over 64 KB); returns their sha256 digest, hexadecimal. */
  putBlob(bytes: Uint8Array): Promise<string>;
  /** Throws BusFailure when there is no such blob. */
  getBlob(digest: string): Promise<Uint8Array>;
  /** The stream's last sequence, and how many messages and bytes it holds. */
  info(): Promise<{ lastSeq: number; messages: number; bytes: number }>;
  /** Consumers as the stream knows them: what waits, what is in hand, and up to which sequence all is settled. */
  consumers(): Promise<
    { durable: string; filters: string[]; pending: number; inHand: number; redelivered: number; floor: number }[]
  >;
  /** Waits for writes that are on their way, then lets go of the stream. */
  close(): Promise<void>;
}
