// The Bus in this process: the second implementation, not a mock. With a serial virtual clock a run on it is a function of
// its input.
//
// Invariants:
//   M1. A message is stored, shown to the taps and handed to the consumers before `publish` returns its promise.
//   M2. Taps see every message once, in order, whatever a tap or a handler publishes meanwhile.
//   M3. Durables are served in the order they were created.

import type { Bus, Consumer, ConsumerSpec, Delivery, Published, PublishOptions, Range, Stored } from './bus.ts';
import type { Clock } from './clock.ts';
import { deadLetter } from './dead.ts';
import { type Backing, Delays, Dispatcher, type Held, outOfBand } from './dispatcher.ts';
import { BusFailure } from './errors.ts';
import { compileFilters, type Filter } from './filters.ts';
import { Durable } from './memory/durable.ts';
import { MemoryStream } from './memory/stream.ts';
import { type Draft, type MessageType, seal } from './messages.ts';
import { subjects } from './subjects.ts';

export type MemoryOptions = {
  /** How long a repeated id is recognised, ms of the clock; for ever unless told. */
  readonly dedupeWindowMs?: number;
  /** A stream written before, by a bus that was closed. */
  readonly stream?: MemoryStream;
  /** Hears of what the bus survives: a handler that threw. */
  readonly log?: (line: string) => void;
};

type Tap = { matching: Filter; handler: (stored: Stored) => void };
type Open = { durable: Durable; dispatcher: Dispatcher<Held>; delays: Delays<Held> };

export class MemoryBus implements Bus {
  readonly company: string;
  readonly stream: MemoryStream;
  readonly #clock: Clock;
  readonly #dedupeWindowMs: number;
  readonly #log: (line: string) => void;
  readonly #open = new Map<string, Open>();
  #taps: Tap[] = [];
  /** The last sequence that the taps have seen. */
  #shown: number;
  #flowing = false;
  #closed = false;

  constructor(company: string, clock: Clock, options: MemoryOptions = {}) {
    this.company = company;
    this.#clock = clock;
    this.#dedupeWindowMs = options.dedupeWindowMs ?? Number.POSITIVE_INFINITY;
    this.stream = options.stream ?? new MemoryStream();
    this.#log = options.log ?? (() => {});
    this.#shown = this.stream.lastSeq;
  }

  /** A bus over a stream that was exported (readExport in export.ts): sequences 1, 2, 3, ... */
  static load(company: string, clock: Clock, exported: Iterable<Stored>, options: MemoryOptions = {}): MemoryBus {
    const stream = new MemoryStream();
    for (const { message } of exported) stream.put(message, Date.parse(message.time));
    return new MemoryBus(company, clock, { ...options, stream });
  }

  async publish<T extends MessageType>(
    subject: string,
    draft: Draft<T>,
    options: PublishOptions = {},
  ): Promise<Published> {
    if (this.#closed) throw closed();
    const now = this.#clock.now();
    const published = this.stream.append(seal(subject, draft, now), now, {
      ...options,
      dedupeWindowMs: this.#dedupeWindowMs,
    });
    this.#flow();
    return published;
  }

  tell<T extends MessageType>(subject: string, draft: Draft<T>): void {
    this.publish(subject, draft).catch((error: unknown) => this.#log(`tell ${subject}: ${String(error)}`));
  }

  async last(subject: string): Promise<Stored | undefined> {
    return this.stream.last(subject);
  }

  async consume(spec: ConsumerSpec, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer> {
    if (this.#closed) throw closed();
    const open = this.#open.get(spec.durable) ?? this.#openDurable(spec);
    open.durable.listenTo(spec.filters);
    const consumer = open.dispatcher.add(spec, handler, () => this.#laneClosed(spec.durable, open));
    open.dispatcher.pump();
    return consumer;
  }

  #openDurable(spec: ConsumerSpec): Open {
    const durable = this.stream.durables.get(spec.durable) ?? new Durable(spec.durable, spec.filters);
    this.stream.durables.set(spec.durable, durable);
    const delays = new Delays<Held>(this.#clock, (held) => dispatcher.again(held));
    const dispatcher = new Dispatcher(this.#backing(durable, delays));
    const open = { durable, dispatcher, delays };
    this.#open.set(spec.durable, open);
    return open;
  }

  #backing(durable: Durable, delays: Delays<Held>): Backing<Held> {
    const done = (held: Held) => {
      // What a closed bus held has been given back; settling it here would lose the next attempt.
      if (this.#closed) return;
      delays.cancel(held);
      durable.settle(held);
    };
    return {
      next: () => durable.next(this.stream),
      acked: done,
      putOff: (held, delayMs) => {
        if (!this.#closed) delays.set(held, delayMs);
      },
      working: () => {},
      bury: async (held, reason) => {
        const { subject, seq, message } = held.stored;
        const payload = JSON.stringify(message);
        const dead = { consumer: durable.name, subject, seq, reason, attempts: held.attempt, payload, message };
        await this.publish(subjects.dead(durable.name), deadLetter(dead));
        done(held);
      },
      failed: (error) => this.#log(`a handler of ${durable.name} threw: ${String(error)}`),
      drained: () => {},
    };
  }

  /** Without consumers a durable keeps what is unsettled; the next one gets it at once. */
  #laneClosed(name: string, open: Open): void {
    if (open.dispatcher.lanes > 0 || this.#open.get(name) !== open) return;
    this.#open.delete(name);
    open.delays.clear();
    open.durable.giveBack();
  }

  replay(range: Range): AsyncIterable<Stored> {
    const until = Math.min(range.untilSeq ?? this.stream.lastSeq, this.stream.lastSeq);
    return this.#replay(range, until);
  }

  async *#replay(range: Range, until: number): AsyncGenerator<Stored> {
    const matching = compileFilters([range.filter]);
    for (const stored of this.stream.range(range.filter, matching, range.fromSeq ?? 1, until)) {
      if (range.since === undefined || Date.parse(stored.message.time) >= range.since) yield stored;
    }
  }

  async tap(
    range: { filter: string; fromSeq?: number },
    handler: (stored: Stored) => void,
  ): Promise<{ close(): Promise<void> }> {
    if (this.#closed) throw closed();
    const tap: Tap = { matching: compileFilters([range.filter]), handler };
    if (range.fromSeq !== undefined) {
      for (const stored of this.stream.range(range.filter, tap.matching, range.fromSeq, this.#shown)) {
        outOfBand(() => handler(stored));
      }
    }
    this.#taps = [...this.#taps, tap];
    return {
      close: async () => {
        this.#taps = this.#taps.filter((other) => other !== tap);
      },
    };
  }

  async putBlob(bytes: Uint8Array): Promise<string> {
    return this.stream.putBlob(bytes);
  }

  async getBlob(digest: string): Promise<Uint8Array> {
    const bytes = this.stream.blob(digest);
    if (bytes) return bytes;
    throw new BusFailure('NO_BLOB', `no blob ${digest} is kept`, 'check the digest, or run the step again');
  }

  async info(): Promise<{ lastSeq: number; messages: number; bytes: number }> {
    return { lastSeq: this.stream.lastSeq, messages: this.stream.lastSeq, bytes: this.stream.bytes };
  }

  async consumers(): ReturnType<Bus['consumers']> {
    return [...this.stream.durables.values()].map((durable) => ({
      durable: durable.name,
      filters: [...durable.filters],
      pending: durable.pending(this.stream),
      inHand: durable.unsettled.size,
      redelivered: [...durable.unsettled.values()].filter((held) => held.attempt > 1).length,
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#taps = [];
    for (const { durable, dispatcher, delays } of this.#open.values()) {
      dispatcher.stop();
      delays.clear();
      durable.giveBack();
    }
    this.#open.clear();
  }

  /** Shows new messages to the taps, then hands them to the consumers, until there are none. */
  #flow(): void {
    if (this.#flowing) return;
    this.#flowing = true;
    try {
      while (this.#shown < this.stream.lastSeq) {
        while (this.#shown < this.stream.lastSeq) this.#show();
        for (const { dispatcher } of this.#open.values()) dispatcher.pump();
      }
    } finally {
      this.#flowing = false;
    }
  }

  #show(): void {
    this.#shown += 1;
    const stored = this.stream.at(this.#shown);
    if (!stored) return;
    for (const tap of this.#taps) if (tap.matching(stored.subject)) outOfBand(() => tap.handler(stored));
  }
}

function closed(): BusFailure {
  return new BusFailure('BUS_CLOSED', 'the bus is closed', 'open the company again');
}
