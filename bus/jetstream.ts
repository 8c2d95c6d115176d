// The Bus on a NATS JetStream stream, named after the company. The parts are in jetstream/.

import type { NatsConnection } from 'nats';
import type { Bus, Consumer, ConsumerSpec, Delivery, Published, PublishOptions, Range, Stored } from './bus.ts';
import type { Clock } from './clock.ts';
import { deadLetter } from './dead.ts';
import { outOfBand } from './dispatcher.ts';
import { BusFailure, type HeadcountError, reasonOf } from './errors.ts';
import { Blobs, copyBlobs } from './jetstream/blobs.ts';
import { beginClaim, type Presence } from './jetstream/claim.ts';
import { Connection } from './jetstream/connection.ts';
import { type DurablePlace, listDurables, placeOf, rewindDurables } from './jetstream/consumers.ts';
import { StreamTookNothing } from './jetstream/errors.ts';
import { StreamGuard, type StreamHealth } from './jetstream/guard.ts';
import { infoOf } from './jetstream/leader.ts';
import { Mailbox, type MailboxOptions } from './jetstream/mailbox.ts';
import { type Holdings, type Neighbour, Neighbours } from './jetstream/neighbours.ts';
import { Progress } from './jetstream/progress.ts';
import { Publisher } from './jetstream/publisher.ts';
import { lastOn, ownWrite, replayRange, seqsIn } from './jetstream/reads.ts';
import { blobsName, ensureStream, findStream, type Owner } from './jetstream/stream.ts';
import type { Leftovers } from './jetstream/takeover.ts';
import { openTap, type Tap } from './jetstream/tap.ts';
import { type Draft, type MessageType, seal } from './messages.ts';
import { subjects } from './subjects.ts';

export type JetStreamOptions = {
  /** `nats://[user:password@]host:port`, one or several. */
  readonly servers: string | readonly string[];
  readonly company: string;
  readonly clock: Clock;
  /** Who may make the stream when it is missing; without one it must be there. */
  readonly owner?: Owner;
  /** Copies in a cluster; the stream is brought to this number. Unless told: as it is, and 1 for a new one. */
  readonly replicas?: number;
  /** Keep trying when the server is not there yet. */
  readonly wait?: boolean;
  /**
   * Keeps other processes from running the company until the bus is closed; before the stream is made or changed. Wait for
   * `claimed` before anything is written.
   */
  readonly claim?: boolean | Presence;
  /**
   * Hears when the stream takes nothing (full, changed, gone) and when it does again. Writes are kept meanwhile, where without
   * it they fail.
   */
  readonly onHealth?: (health: StreamHealth) => void;
  /** It hears of a stream that confirms nothing for this long, in ms; 20 s unless told. */
  readonly silentMs?: number;
  /** Hears of what the bus survives: a lost server, a consumer made again, a handler that threw. */
  readonly log?: (line: string) => void;
};

/**
 * Opens a company's stream and checks that the server keeps it as it should.
 * Throws ServerTooOld, NoJetStream, StreamMismatch, CompanyTaken, CompanyRunning, BusFailure.
 */
export async function openJetStreamBus(options: JetStreamOptions): Promise<JetStreamBus> {
  const { company, owner, replicas, log = () => {} } = options;
  const connection = await Connection.open({ ...options, log });
  try {
    const { claim } = options;
    const who = typeof claim === 'object' ? claim : undefined;
    const claimed = claim ? (await beginClaim({ company, connection: connection.nc }, who)).settled : Promise.resolve();
    const kept = owner
      ? await ensureStream(connection, company, owner, replicas, claimed)
      : await findStream(connection, company);
    if (owner) await copyBlobs(connection, blobsName(company), kept, claimed);
    return new JetStreamBus(connection, { ...options, replicas: kept, log }, claimed);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

export class JetStreamBus implements Bus {
  readonly company: string;
  readonly serverVersion: string;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #log: (line: string) => void;
  readonly #place: DurablePlace;
  readonly #publisher: Publisher;
  readonly #progress: Progress;
  readonly #blobs: Blobs;
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #taps = new Set<Tap>();
  readonly #neighbours: Neighbours;
  #fenced: HeadcountError | undefined;
  #closed = false;

  /** Resolves when the company is claimed: until then it may be read only. Throws CompanyRunning. */
  readonly claimed: Promise<void>;

  constructor(
    connection: Connection,
    options: JetStreamOptions & { log: (line: string) => void },
    claimed: Promise<void> = Promise.resolve(),
  ) {
    this.claimed = claimed;
    const { company, clock, log } = options;
    this.company = company;
    this.serverVersion = connection.serverVersion;
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
    this.#place = placeOf(connection, company, options.replicas ?? 1);
    const { onHealth } = options;
    this.#publisher = new Publisher(connection, this.#place.prefix, {
      // A cluster elects a new leader within seconds, who has not heard what the old one was told; a single server has none.
      ...((options.replicas ?? 1) > 1 ? { noStreamMs: 30_000, resendMs: 1_000 } : {}),
      silentMs: options.silentMs,
      guard: onHealth && new StreamGuard(connection, company, onHealth),
      ownWrite: (letter) => ownWrite(this.#place, letter),
      stored: (subject, seq) => {
        this.#place.known.note(seq);
        if (clock.virtual) this.#progress.published(subject, seq);
      },
    });
    this.#progress = new Progress(clock, () => this.#publisher.inFlight);
    this.#neighbours = new Neighbours(connection.nc, company);
    this.#blobs = new Blobs(connection, blobsName(company), options.replicas ?? 1);
  }

  /** The folder, or other lasting name, that the company is kept in. */
  async workspace(): Promise<string | undefined> {
    const { stream } = this.#place;
    const look = () => infoOf(this.#connection.jsm, stream);
    return (await this.#connection.ask('look at the stream', look)).config.metadata?.headcount_workspace;
  }

  /** The connection, for what is no part of the stream (claim.ts). */
  get connection(): NatsConnection {
    return this.#connection.nc;
  }

  /**
   * Makes this process known to the others of its company. Mailboxes opened from now on take over what dead processes held.
   * @param others names of processes that have started and not left, as far as is known
   */
  join(self: Neighbour, others: () => readonly string[]): void {
    this.#neighbours.join(self, others, () => this.#holdings());
  }

  /** Processes of the company that answer now, this one left out; those `expected` are waited for, 300 ms at most. */
  present(expected: readonly string[]): Promise<Neighbour[]> {
    return this.#neighbours.present(expected);
  }

  /** Another process has this one's name: from now on nothing is written, and nothing settled, from here. */
  fence(reason: HeadcountError): void {
    this.#fenced = reason;
    this.#neighbours.leave();
  }

  #holdings(): Holdings {
    return Object.fromEntries([...this.#mailboxes].map(([durable, { holding }]) => [durable, holding]));
  }

  #leftoversOf({ durable, filters }: ConsumerSpec): Leftovers | undefined {
    if (!this.#neighbours.joined) return undefined;
    const place = this.#place;
    const log = this.#log;
    return {
      elsewhere: () => this.#neighbours.held(durable),
      async *between(fromSeq, untilSeq) {
        for (const filter of filters) yield* seqsIn(place, { filter, fromSeq, untilSeq }, log);
      },
    };
  }

  publish<T extends MessageType>(subject: string, draft: Draft<T>, options?: PublishOptions): Promise<Published> {
    if (this.#fenced) return Promise.reject(this.#fenced);
    const data = this.#sealed(subject, draft);
    return this.#publisher.send({ subject, id: draft.id, data, expected: options?.expectedLastSeq });
  }

  #sealed(subject: string, draft: Draft): Buffer {
    const message = seal(subject, draft, this.#clock.now());
    const data = Buffer.from(JSON.stringify(message));
    this.#place.own.note(data, message);
    return data;
  }

  tell<T extends MessageType>(subject: string, draft: Draft<T>): void {
    if (this.#fenced) return;
    // Virtual time waits until everybody has seen it, so its sequence must be known.
    if (this.#clock.virtual)
      this.publish(subject, draft).catch((error: unknown) => {
        // Whoever closes hears of that once, by what had to be recorded.
        if (!(error instanceof StreamTookNothing)) this.#log(`tell ${subject}: ${reasonOf(error)}`);
      });
    else if (!this.#closed) this.#publisher.tell(subject, this.#sealed(subject, draft));
  }

  last(subject: string): Promise<Stored | undefined> {
    return lastOn(this.#place, subject);
  }

  async consume(spec: ConsumerSpec, handler: (delivery: Delivery) => Promise<void>): Promise<Consumer> {
    this.#refuseWhenClosed();
    const mailbox = this.#mailboxes.get(spec.durable) ?? new Mailbox(spec, this.#mailboxOptions());
    this.#mailboxes.set(spec.durable, mailbox);
    try {
      await this.#progress.during(mailbox.listen(spec));
    } catch (error) {
      await this.#letGo(mailbox, spec.durable);
      throw error;
    }
    const timed = (delivery: Delivery) => mailbox.tempo.timed(() => handler(delivery));
    const consumer = mailbox.dispatcher.add(spec, timed, () => this.#letGo(mailbox, spec.durable));
    mailbox.dispatcher.pump();
    return consumer;
  }

  #mailboxOptions(): MailboxOptions {
    return {
      ...this.#place,
      clock: this.#clock,
      progress: this.#progress,
      log: this.#log,
      leftovers: (spec) => this.#leftoversOf(spec),
      fenced: () => this.#fenced !== undefined,
      bury: async ({ consumer, subject, seq, attempt, payload, reason, stored }) => {
        const dead = { consumer, subject, seq, reason, attempts: attempt, payload };
        const message = stored ? { message: stored.message } : {};
        await this.publish(subjects.dead(consumer), deadLetter({ ...dead, ...message }));
      },
    };
  }

  /** A mailbox nobody listens to any more gives back what it holds. */
  async #letGo(mailbox: Mailbox, durable: string): Promise<void> {
    if (mailbox.dispatcher.lanes > 0) return;
    if (this.#mailboxes.get(durable) === mailbox) this.#mailboxes.delete(durable);
    await mailbox.close();
  }

  replay(range: Range): AsyncIterable<Stored> {
    return replayRange(this.#place, range, this.#clock, this.#log);
  }

  async tap(
    range: { filter: string; fromSeq?: number },
    handler: (stored: Stored, bytes?: Uint8Array) => void,
  ): Promise<{ close(): Promise<void> }> {
    this.#refuseWhenClosed();
    const told = (stored: Stored, bytes: Uint8Array) => outOfBand(() => handler(stored, bytes));
    const tap = await this.#progress.during(openTap(this.#place, range, this.#progress, told, this.#log));
    this.#taps.add(tap);
    return {
      close: async () => {
        this.#taps.delete(tap);
        await tap.close();
      },
    };
  }

  putBlob(bytes: Uint8Array): Promise<string> {
    return this.#progress.during(this.#blobs.put(bytes));
  }

  getBlob(digest: string): Promise<Uint8Array> {
    return this.#progress.during(this.#blobs.get(digest));
  }

  async info(): Promise<{ lastSeq: number; messages: number; bytes: number }> {
    const { stream } = this.#place;
    const { state } = await this.#connection.ask('look at the stream', () => infoOf(this.#connection.jsm, stream));
    return { lastSeq: state.last_seq, messages: state.messages, bytes: state.bytes };
  }

  consumers(): ReturnType<Bus['consumers']> {
    return listDurables(this.#place);
  }

  /**
   * Takes durables that are past a sequence back to it, for a stream that has lost what came after. Returns their names.
   * Throws BusFailure.
   */
  rewind(seq: number): Promise<string[]> {
    return rewindDurables(this.#place, seq);
  }

  /** Gives up what the stream does not take now, for who cannot wait until it does. */
  giveUp(): void {
    this.#publisher.giveUp();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#mailboxes.values()].map((mailbox) => mailbox.close()));
    await this.#publisher.close();
    await Promise.all([...this.#taps].map((tap) => tap.close()));
    this.#progress.close();
    await this.#connection.close();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new BusFailure('BUS_CLOSED', 'the bus is closed', 'open the company again');
  }
}
