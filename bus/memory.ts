// The Bus in this process: the second implementation, not a mock. With a serial virtual clock a run on it is a function of
// its input.
//
// Invariants:
//   M1. A message is stored, shown to the taps and handed to the consumers before `publish` returns its promise.
//   M2. Taps see every message once, in order, whatever a tap or a handler publishes meanwhile.
//   M3. Durables are served in the order they were created.
//   M4. Several buses on one stream are several processes: they share durables, and hear of each other's messages.
//   M5. With habits (memory/habits.ts) M1 holds for what they let pass, and the rest fails as it does on JetStream.

import type { Bus, Consumer, ConsumerSpec, Delivery, Published, PublishOptions, Range, Stored } from './bus.ts';
import type { Clock } from './clock.ts';
import { deadLetter } from './dead.ts';
import { outOfBand } from './dispatcher.ts';
import { BusFailure } from './errors.ts';
import { compileFilters } from './filters.ts';
import { Durable } from './memory/durable.ts';
import type { Habits } from './memory/habits.ts';
import { MemoryMailbox } from './memory/mailbox.ts';
import { MemoryStream, type Watcher } from './memory/stream.ts';
import { Taps } from './memory/taps.ts';
import { writeUnruly } from './memory/writer.ts';
import { type Draft, type Message, type MessageType, seal } from './messages.ts';
import { subjects } from './subjects.ts';

export type MemoryOptions = {
  /** How long a repeated id is recognised, ms of the clock; for ever unless told. */
  readonly dedupeWindowMs?: number;
  /** A stream written before, by a bus that was closed. */
  readonly stream?: MemoryStream;
  /** Hears of what the bus survives: a handler that threw. */
  readonly log?: (line: string) => void;
  /** What the stream does to this process; nothing bad unless told. */
  readonly habits?: Habits;
  /**
   * How a write that habits keep from being confirmed waits to be sent again, until an instant of the clock: patience.ts.
   * Without it tries follow each other at once, because a writer that waits inside a turn holds virtual time.
   */
  readonly wait?: (at: number) => Promise<void>;
};

export class MemoryBus implements Bus {
  readonly company: string;
  readonly stream: MemoryStream;
  readonly #clock: Clock;
  readonly #dedupeWindowMs: number;
  readonly #log: (line: string) => void;
  readonly #habits: Habits | undefined;
  readonly #wait: ((at: number) => Promise<void>) | undefined;
  readonly #open = new Map<string, MemoryMailbox>();
  readonly #taps: Taps;
  readonly #watcher: Watcher;
  /** The last sequence that the taps have seen. */
  #shown: number;
  #unwatch: (() => void) | undefined;
  #flowing = false;
  #closed = false;

  constructor(company: string, clock: Clock, options: MemoryOptions = {}) {
    this.company = company;
    this.#clock = clock;
    this.#dedupeWindowMs = options.dedupeWindowMs ?? Number.POSITIVE_INFINITY;
    this.stream = options.stream ?? new MemoryStream();
    this.#log = options.log ?? (() => {});
    this.#habits = options.habits;
    this.#wait = options.wait;
    this.#taps = new Taps(clock, options.habits);
    this.#shown = this.stream.lastSeq;
    this.#watcher = {
      stored: () => this.#flow(),
      returned: (durable) => this.#open.get(durable)?.dispatcher.pump(),
    };
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
    const message = seal(subject, draft, this.#clock.now());
    return this.#habits
      ? this.#publishUnruly(message, options, this.#habits, this.#wait)
      : this.#store(message, options);
  }

  #store(message: Message, options: PublishOptions): Published {
    const published = this.stream.append(message, this.#clock.now(), {
      ...options,
      dedupeWindowMs: this.#dedupeWindowMs,
    });
    this.stream.tell();
    return published;
  }

  #publishUnruly(
    message: Message,
    options: PublishOptions,
    habits: Habits,
    wait: ((at: number) => Promise<void>) | undefined,
  ): Promise<Published> {
    const parts = {
      clock: this.#clock,
      habits,
      wait,
      store: (sealed: Message, given: PublishOptions) => this.#store(sealed, given),
      forgetIds: () => this.stream.forgetIds(),
      closed: () => (this.#closed ? closed() : undefined),
    };
    return writeUnruly(parts, message, options);
  }

  tell<T extends MessageType>(subject: string, draft: Draft<T>): void {
    this.#tell(subject, draft).catch((error: unknown) => this.#log(`tell ${subject}: ${String(error)}`));
  }

  async #tell<T extends MessageType>(subject: string, draft: Draft<T>): Promise<void> {
    const habits = this.#habits;
    if (!habits || this.#closed) return void (await this.publish(subject, draft));
    const message = seal(subject, draft, this.#clock.now());
    if (habits.dropTell(message)) return;
    // Nobody waits for it, so its turn is not paused.
    await this.#publishUnruly(message, {}, habits, this.#wait && ((at) => this.#clock.sleepUntil(at)));
  }

  async last(subject: string): Promise<Stored | undefined> {
    return this.stream.last(subject);
  }

  async consume(spec: ConsumerSpec, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer> {
    if (this.#closed) throw closed();
    this.#attend();
    const mailbox = this.#open.get(spec.durable) ?? this.#openDurable(spec);
    const consumer = mailbox.add(spec, handler, () => this.#laneClosed(mailbox));
    mailbox.dispatcher.pump();
    return consumer;
  }

  /** A bus that only writes and reads need not hear of anything. */
  #attend(): void {
    if (this.#unwatch) return;
    this.#shown = this.stream.lastSeq;
    this.#unwatch = this.stream.watch(this.#watcher);
  }

  #openDurable(spec: ConsumerSpec): MemoryMailbox {
    const durable = this.stream.durables.get(spec.durable) ?? new Durable(spec.durable, spec.filters);
    this.stream.durables.set(spec.durable, durable);
    const mailbox = new MemoryMailbox({
      stream: this.stream,
      durable,
      clock: this.#clock,
      habits: this.#habits,
      log: this.#log,
      bury: async ({ durable: consumer, stored: { subject, seq, message }, attempt, reason }) => {
        const payload = JSON.stringify(message);
        const dead = { consumer, subject, seq, reason, attempts: attempt, payload, message };
        await this.publish(subjects.dead(consumer), deadLetter(dead));
      },
      returned: (name) => this.stream.tellReturned(name, this.#watcher),
    });
    this.#open.set(spec.durable, mailbox);
    return mailbox;
  }

  /** Without consumers a durable keeps what is unsettled; the next one gets it at once. */
  #laneClosed(mailbox: MemoryMailbox): void {
    const { name } = mailbox.durable;
    if (mailbox.dispatcher.lanes > 0 || this.#open.get(name) !== mailbox) return;
    this.#open.delete(name);
    mailbox.release();
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
    this.#attend();
    const tap = { matching: compileFilters([range.filter]), handler };
    if (range.fromSeq !== undefined) {
      const until = (this.#taps.firstLate ?? this.#shown + 1) - 1;
      for (const stored of this.stream.range(range.filter, tap.matching, range.fromSeq, until)) {
        outOfBand(() => handler(stored));
      }
    }
    const remove = this.#taps.add(tap);
    return { close: async () => remove() };
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
      floor: durable.floor(this.stream),
    }));
  }

  async close(): Promise<void> {
    this.#end(false);
  }

  /** Ends it as a process ends that is killed: what it held comes back only after the ack wait. */
  kill(): void {
    this.#end(true);
  }

  #end(killed: boolean): void {
    this.#closed = true;
    this.#taps.clear();
    this.#unwatch?.();
    this.#unwatch = undefined;
    for (const mailbox of this.#open.values()) mailbox.close(killed);
    this.#open.clear();
  }

  /** Shows new messages to the taps, then hands them to the consumers, until there are none. */
  #flow(): void {
    if (this.#flowing) return;
    this.#flowing = true;
    try {
      while (this.#shown < this.stream.lastSeq) {
        const fresh: string[] = [];
        while (this.#shown < this.stream.lastSeq) fresh.push(this.#show());
        for (const { durable, dispatcher } of this.#open.values()) if (durable.takesAny(fresh)) dispatcher.pump();
      }
    } finally {
      this.#flowing = false;
    }
  }

  /** Returns the subject of the message that was shown. */
  #show(): string {
    this.#shown += 1;
    const stored = this.stream.at(this.#shown);
    if (stored) this.#taps.show(stored);
    return stored?.subject ?? '';
  }
}

function closed(): BusFailure {
  return new BusFailure('BUS_CLOSED', 'the bus is closed', 'open the company again');
}
