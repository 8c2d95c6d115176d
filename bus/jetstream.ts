// The Bus on a NATS JetStream stream, named after the company. The parts are in jetstream/.

import type { NatsConnection } from 'nats';
import type { Bus, Consumer, ConsumerSpec, Delivery, Published, PublishOptions, Range, Stored } from './bus.ts';
import type { Clock } from './clock.ts';
import { deadLetter } from './dead.ts';
import { outOfBand } from './dispatcher.ts';
import { BusFailure, reasonOf } from './errors.ts';
import { Blobs } from './jetstream/blobs.ts';
import { claimCompany } from './jetstream/claim.ts';
import { Connection } from './jetstream/connection.ts';
import { type DurablePlace, listDurables } from './jetstream/consumers.ts';
import { Mailbox, type MailboxOptions } from './jetstream/mailbox.ts';
import { Progress } from './jetstream/progress.ts';
import { Publisher } from './jetstream/publisher.ts';
import { lastOn, ownWrite, replayRange } from './jetstream/reads.ts';
import { blobsName, ensureStream, findStream, type Owner, streamName } from './jetstream/stream.ts';
import { openTap, type Tap } from './jetstream/tap.ts';
import { OwnMessages } from './jetstream/wire.ts';
import { type Draft, type MessageType, seal } from './messages.ts';
import { subjects } from './subjects.ts';

export type JetStreamOptions = {
  /** `nats://[user:password@]host:port`, one or several. */
  readonly servers: string | readonly string[];
  readonly company: string;
  readonly clock: Clock;
  /** Who may make the stream when it is missing; without one it must be there. */
  readonly owner?: Owner;
  /** Copies in a cluster, when the stream is made here; 1 unless told. */
  readonly replicas?: number;
  /** Keep trying when the server is not there yet. */
  readonly wait?: boolean;
  /** Keeps other processes from running the company until the bus is closed; before the stream is touched. */
  readonly claim?: boolean;
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
    if (options.claim) await claimCompany({ company, connection: connection.nc });
    if (owner) await ensureStream(connection, company, owner, replicas);
    else await findStream(connection, company);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return new JetStreamBus(connection, { ...options, log });
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
  readonly #encoder = new TextEncoder();
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #taps = new Set<Tap>();
  #closed = false;

  constructor(connection: Connection, options: JetStreamOptions & { log: (line: string) => void }) {
    const { company, clock, log } = options;
    this.company = company;
    this.serverVersion = connection.serverVersion;
    this.#connection = connection;
    this.#clock = clock;
    this.#log = log;
    this.#place = { connection, stream: streamName(company), prefix: `${company}.`, own: new OwnMessages() };
    this.#publisher = new Publisher(connection, this.#place.prefix, {
      // A cluster elects a new leader within seconds; a single server has none to elect.
      noStreamMs: (options.replicas ?? 1) > 1 ? 10_000 : 2_000,
      ownWrite: (letter) => ownWrite(this.#place, letter),
      stored: clock.virtual ? (subject, seq) => this.#progress.published(subject, seq) : undefined,
    });
    this.#progress = new Progress(clock, () => this.#publisher.inFlight);
    this.#blobs = new Blobs(connection, blobsName(company), options.replicas ?? 1);
  }

  /** The connection, for what is no part of the stream (claim.ts). */
  get connection(): NatsConnection {
    return this.#connection.nc;
  }

  publish<T extends MessageType>(subject: string, draft: Draft<T>, options?: PublishOptions): Promise<Published> {
    const message = seal(subject, draft, this.#clock.now());
    const text = JSON.stringify(message);
    this.#place.own.note(text, message);
    const data = this.#encoder.encode(text);
    return this.#publisher.send({ subject, id: draft.id, data, expected: options?.expectedLastSeq });
  }

  tell<T extends MessageType>(subject: string, draft: Draft<T>): void {
    this.publish(subject, draft).catch((error: unknown) => this.#log(`tell ${subject}: ${reasonOf(error)}`));
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
    handler: (stored: Stored) => void,
  ): Promise<{ close(): Promise<void> }> {
    this.#refuseWhenClosed();
    const told = (stored: Stored) => outOfBand(() => handler(stored));
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
    const { state } = await this.#connection.ask('look at the stream', () => this.#connection.jsm.streams.info(stream));
    return { lastSeq: state.last_seq, messages: state.messages, bytes: state.bytes };
  }

  consumers(): ReturnType<Bus['consumers']> {
    return listDurables(this.#place);
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
