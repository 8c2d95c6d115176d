// Reads the stream in order without acknowledging: for taps and replays. The ephemeral consumer behind it may vanish at any
// time (server restart, missed delivery); it is made again right after the last message that was read.

import { setTimeout as wait } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type Msg, ReplayPolicy } from 'nats';
import { reasonOf } from '../errors.ts';
import type { Connection } from './connection.ts';
import { Puller } from './puller.ts';
import { type Arrival, arrivalOf } from './wire.ts';

const BATCH = 500;
const RETRY_MS = 250;
const INACTIVE_NS = 60_000_000_000;

export type ReaderOptions = {
  readonly connection: Connection;
  readonly stream: string;
  readonly prefix: string;
  /** Relative to the company. */
  readonly filter: string;
  readonly fromSeq: number;
  /** Wall time to start at instead, where no sequence is known. */
  readonly fromTime?: string | undefined;
  /** Without what the messages hold. */
  readonly bare?: boolean;
  readonly arrived: (arrival: Arrival) => void;
  /** How many messages wait, each time a consumer was made. */
  readonly opened?: (waiting: number) => void;
  readonly log: (line: string) => void;
};

export class Reader {
  readonly #options: ReaderOptions;
  readonly #puller: Puller;
  readonly #forget: () => void;
  #consumer: string | undefined;
  #making: Promise<void> | undefined;
  #lastSeq: number;
  #position = 0;
  #buffered = 0;
  #closed = false;

  private constructor(options: ReaderOptions) {
    this.#options = options;
    this.#lastSeq = options.fromSeq - 1;
    const { connection, stream } = options;
    this.#puller = new Puller({
      connection,
      stream,
      arrived: (msg) => this.#arrived(msg),
      expired: () => this.#ask(),
      lost: () => void this.#remake(),
    });
    this.#forget = connection.onReconnect(() => void this.#remake());
  }

  /** Throws BusFailure when the consumer cannot be made. */
  static async open(options: ReaderOptions): Promise<Reader> {
    const reader = new Reader(options);
    try {
      await options.connection.ask(`read ${options.filter}`, () => reader.#make());
    } catch (error) {
      await reader.close();
      throw error;
    }
    return reader;
  }

  /** One message that arrived has been used; more are asked for as the buffer empties. */
  took(): void {
    this.#buffered -= 1;
    this.#ask();
  }

  /** Goes on behind the last message with another consumer, which a cluster may put beside another copy. */
  again(): Promise<void> {
    return this.#remake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#forget();
    await this.#puller.close();
    const { connection, stream } = this.#options;
    const consumer = this.#consumer;
    if (consumer && connection.online) await connection.jsm.consumers.delete(stream, consumer).catch(() => {});
  }

  #arrived(msg: Msg): void {
    if (this.#closed) return;
    const arrival = arrivalOf(msg, this.#options.prefix.length);
    if (!arrival || arrival.consumer !== this.#consumer) return;
    // After a gap the consumer is made again at the right place.
    if (arrival.position !== this.#position + 1) return void this.#remake();
    this.#position = arrival.position;
    this.#lastSeq = arrival.seq;
    this.#buffered += 1;
    this.#options.arrived(arrival);
  }

  #ask(): void {
    const missing = BATCH - this.#puller.asked - this.#buffered;
    if (!this.#closed && this.#consumer && missing >= BATCH / 2) this.#puller.ask(this.#consumer, missing);
  }

  async #make(): Promise<void> {
    const { connection, stream, prefix, filter, fromTime, fromSeq, bare = false } = this.#options;
    const fresh = this.#lastSeq === fromSeq - 1;
    const start =
      fresh && fromTime !== undefined
        ? { deliver_policy: DeliverPolicy.StartTime, opt_start_time: fromTime }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#lastSeq + 1 };
    const info = await connection.jsm.consumers.add(stream, {
      ...start,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      filter_subject: prefix + filter,
      inactive_threshold: INACTIVE_NS,
      mem_storage: true,
      ...(bare ? { headers_only: true } : {}),
      num_replicas: 1,
    });
    this.#consumer = info.name;
    this.#position = 0;
    this.#puller.forget();
    this.#options.opened?.(info.num_pending);
    this.#ask();
  }

  #remake(): Promise<void> {
    this.#making ??= this.#tryRemaking().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #tryRemaking(): Promise<void> {
    const old = this.#consumer;
    this.#consumer = undefined;
    const { connection, stream, filter, log } = this.#options;
    if (old && connection.online) connection.jsm.consumers.delete(stream, old).catch(() => {});
    for (let tries = 0; !this.#closed && !connection.nc.isClosed(); tries += 1) {
      try {
        return await this.#make();
      } catch (error) {
        if (tries === 0) log(`reading ${filter} again: ${reasonOf(error)}`);
      }
      await wait(RETRY_MS);
    }
  }
}
