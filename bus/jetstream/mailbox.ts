// One durable consumer in this process: what it was delivered, and how that is settled. The dispatcher hands it out.
//
// Invariants:
//   B1. Everything held here (in line, with a handler, put off by virtual time) is kept alive at the server by one timer.
//   B2. A message that the server delivers again although it is held here only changes where it will be acknowledged.
//   B3. A message that was acknowledged here and is delivered again, because the acknowledgement was lost with a connection,
//       is acknowledged again and not handled twice.
//   B4. Nobody asks for messages that nobody will take: a request left open while the last handlers finish is answered into
//       the void when the subscription ends, and that message comes back only after its ack wait.
//   B5. A process that was fenced says nothing any more: what it held is with its successor.

import type { ConsumerInfo, Msg } from 'nats';
import type { ConsumerSpec, Stored } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { type Backing, Delays, Dispatcher, type Held } from '../dispatcher.ts';
import { reasonOf } from '../errors.ts';
import { compileFilters, type Filter } from '../filters.ts';
import { type DurablePlace, ensureDurable, MAX_UNSETTLED, settledUpTo } from './consumers.ts';
import { StreamTookNothing } from './errors.ts';
import type { Onlooker, Progress } from './progress.ts';
import { Puller } from './puller.ts';
import { giveBack, type Leftovers } from './takeover.ts';
import { Recent, Tempo } from './tempo.ts';
import { type Arrival, arrivalOf, storedOf, textOf } from './wire.ts';

const encoder = new TextEncoder();
const ACK = encoder.encode('+ACK');
const WORKING = encoder.encode('+WPI');
const RETRY_MS = 250;
/** How many acknowledged messages are remembered. */
const REMEMBERED = 4096;

type InMailbox = Held & { reply: string };

export type MailboxOptions = DurablePlace & {
  readonly clock: Clock;
  readonly progress: Progress;
  readonly log: (line: string) => void;
  /** What a dead process left of a durable, and what others hold; undefined where this process knows no others. */
  readonly leftovers?: ((spec: ConsumerSpec) => Leftovers | undefined) | undefined;
  /** True once another process has taken this one's name. */
  readonly fenced?: () => boolean;
  /** Publishes the dead letter. */
  readonly bury: (dead: Omit<Arrival, 'data'> & { payload: string; stored?: Stored; reason: string }) => Promise<void>;
};

export class Mailbox implements Onlooker, Backing<InMailbox> {
  readonly dispatcher: Dispatcher<InMailbox>;
  readonly tempo = new Tempo();
  readonly #options: MailboxOptions;
  #puller: Puller;
  readonly #delays: Delays<InMailbox>;
  readonly #held = new Map<number, InMailbox>();
  readonly #acked = new Recent(REMEMBERED);
  readonly #forget: () => void;
  #spec: ConsumerSpec;
  #matching: Filter;
  #line: InMailbox[] = [];
  #burying = 0;
  #beat: NodeJS.Timeout | undefined;
  #recovering = false;
  #closed = false;
  #unattended = false;
  /** Highest sequence published here that matches, and highest delivered here. */
  #expected = 0;
  #delivered = 0;
  /** Matching messages that wait at the server, as of the last delivery. */
  #waiting = 0;
  /** Deliveries of an earlier life that the server is going to repeat. */
  #owed = 0;
  #listened = false;
  /** Everything up to here is settled, whoever did it. */
  #floor = 0;

  constructor(spec: ConsumerSpec, options: MailboxOptions) {
    this.#spec = spec;
    this.#options = options;
    this.#matching = compileFilters(spec.filters);
    this.dispatcher = new Dispatcher<InMailbox>(this);
    this.#delays = new Delays(options.clock, (held) => this.dispatcher.again(held));
    const { connection, progress } = options;
    this.#puller = this.#openPuller();
    this.#forget = connection.onReconnect(() => this.#recover('the connection was lost'));
    progress.add(this);
  }

  #openPuller(): Puller {
    const { connection, stream } = this.#options;
    return new Puller({
      connection,
      stream,
      arrived: (msg) => this.#arrived(msg),
      expired: () => this.drained(),
      lost: (reason) => this.#recover(reason),
    });
  }

  /** Makes the durable on the server, or brings it to this spec. Throws StreamMismatch, BusFailure. */
  async listen(spec: ConsumerSpec): Promise<void> {
    this.#spec = spec;
    this.#matching = compileFilters(spec.filters);
    if (this.#unattended) this.#puller = this.#openPuller();
    this.#unattended = false;
    const info = await ensureDurable(this.#options, spec, this.#floor + 1);
    this.#floor = Math.max(this.#floor, settledUpTo(info));
    this.#delivered = Math.max(this.#delivered, info.delivered.stream_seq);
    this.#waiting = info.num_pending;
    if (!this.#listened) {
      this.#owed = info.num_ack_pending;
      await this.#takeOver(spec, info);
    }
    this.#listened = true;
  }

  /** Sequences held here, unsettled. */
  get holding(): number[] {
    return [...this.#held.keys()];
  }

  /** Before anything new is asked for: what a dead process was delivered goes first. */
  async #takeOver(spec: ConsumerSpec, info: ConsumerInfo): Promise<void> {
    const left = this.#options.leftovers?.(spec);
    if (!left || info.num_ack_pending === 0) return;
    try {
      const count = await giveBack(this.#options, spec.durable, info, left);
      if (count > 0) this.#options.log(`${spec.durable}: ${info.num_ack_pending} unsettled, taken over`);
    } catch (error) {
      this.#options.log(`${spec.durable}: what was left unsettled comes back later: ${reasonOf(error)}`);
    }
  }

  /** Stops asking, and gives back what no handler has. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    this.dispatcher.stop();
    this.#delays.clear();
    clearInterval(this.#beat);
    for (const held of this.#held.values()) this.#say(held.reply, '-NAK');
    this.#held.clear();
    await this.#puller.close();
    this.#options.progress.remove(this);
  }

  published(subject: string, seq: number): void {
    if (seq > this.#expected && this.#matching(subject)) this.#expected = seq;
  }

  get settled(): boolean {
    if (this.#burying > 0) return false;
    if (this.dispatcher.free === 0) return true;
    if (this.#line.length > 0 || this.dispatcher.waiting > 0) return false;
    if (this.#held.size >= MAX_UNSETTLED) return true;
    return this.#waiting === 0 && this.#owed <= 0 && this.#delivered >= this.#expected;
  }

  /** Stops asking, and gives back what no handler has begun. */
  unattended(): void {
    if (this.#unattended || this.#closed) return;
    this.#unattended = true;
    for (const held of this.#line.splice(0)) {
      this.#release(held);
      this.#say(held.reply, '-NAK');
    }
    void this.#puller.close();
  }

  // What the dispatcher asks of it.

  next(): InMailbox | undefined {
    return this.#line.shift();
  }

  acked(held: InMailbox): void {
    this.#delays.cancel(held);
    this.#release(held);
    this.#acked.add(held.stored.seq);
    this.#say(held.reply, ACK);
  }

  putOff(held: InMailbox, delayMs: number): void {
    const { clock } = this.#options;
    if (this.#closed) return;
    if (clock.virtual) {
      this.#delays.set(held, delayMs);
      return;
    }
    this.#release(held);
    const nanos = Math.round((delayMs / clock.factor) * 1_000_000);
    this.#say(held.reply, nanos > 0 ? `-NAK {"delay": ${nanos}}` : '-NAK');
  }

  working(held: InMailbox): void {
    this.#say(held.reply, WORKING);
  }

  async bury(held: InMailbox, reason: string): Promise<void> {
    const { stored, reply, attempt } = held;
    const payload = JSON.stringify(stored.message);
    const { seq, subject } = stored;
    const consumer = this.#spec.durable;
    await this.#options.bury({
      consumer,
      seq,
      subject,
      attempt,
      reply,
      payload,
      stored,
      reason,
      position: 0,
      pending: 0,
    });
    this.#delays.cancel(held);
    this.#release(held);
    this.#acked.add(seq);
    this.#say(reply, `+TERM ${oneLine(reason)}`);
  }

  failed(error: unknown): void {
    // Whoever closes hears of that once, by what had to be recorded.
    if (error instanceof StreamTookNothing) return;
    this.#options.log(`a handler of ${this.#spec.durable} threw: ${reasonOf(error)}`);
  }

  /** Asks for what the handlers can take, and a little ahead when they are fast. */
  drained(): void {
    this.#options.progress.moved();
    if (this.#closed || this.#unattended || this.#recovering || this.dispatcher.lanes === 0) return;
    const ahead = this.tempo.ahead(this.dispatcher.capacity);
    const missing = this.dispatcher.free + ahead - this.#line.length - this.#puller.asked;
    if (missing > 0 && missing >= ahead / 2) this.#puller.ask(this.#spec.durable, missing);
  }

  // What comes from the server.

  #arrived(msg: Msg): void {
    const arrival = arrivalOf(msg, this.#options.prefix.length);
    if (!arrival) return;
    this.#delivered = Math.max(this.#delivered, arrival.seq);
    this.#options.known.note(arrival.seq);
    this.#waiting = arrival.pending;
    if (arrival.attempt > 1) this.#owed -= 1;
    const held = this.#held.get(arrival.seq);
    if (!held && !this.#acked.has(arrival.seq) && !this.#closed && !this.#unattended) {
      this.#take(arrival);
      return;
    }
    if (held) held.reply = arrival.reply;
    else this.#say(arrival.reply, this.#acked.has(arrival.seq) ? ACK : '-NAK');
    // It used up a place that was asked for.
    this.drained();
  }

  #take(arrival: Arrival): void {
    const read = storedOf(this.#options.own, arrival.seq, arrival.subject, arrival.data);
    if (!read.ok) return void this.#buryUnread(arrival, read.reason);
    const held: InMailbox = { stored: read.stored, attempt: arrival.attempt, reply: arrival.reply };
    this.#held.set(arrival.seq, held);
    this.#beat ??= setInterval(() => this.#beatAll(), Math.max(50, this.#spec.ackWaitMs / 3));
    this.#line.push(held);
    this.dispatcher.pump();
  }

  async #buryUnread(arrival: Arrival, reason: string): Promise<void> {
    this.#burying += 1;
    try {
      await this.#options.bury({ ...arrival, consumer: this.#spec.durable, payload: textOf(arrival.data), reason });
      this.#say(arrival.reply, `+TERM ${oneLine(reason)}`);
    } catch (error) {
      // Not settled: the server delivers it again.
      this.#options.log(`no dead letter for ${arrival.subject}: ${reasonOf(error)}`);
    }
    this.#burying -= 1;
    this.drained();
  }

  #release(held: InMailbox): void {
    const { seq } = held.stored;
    // A later attempt of the same message may be held by now.
    if (this.#held.get(seq) === held) this.#held.delete(seq);
    if (this.#held.size > 0) return;
    clearInterval(this.#beat);
    this.#beat = undefined;
  }

  #beatAll(): void {
    for (const held of this.#held.values()) this.#say(held.reply, WORKING);
  }

  #say(reply: string, what: Uint8Array | string): void {
    const { connection } = this.#options;
    connection.send(() => {
      if (!connection.nc.isClosed() && !this.#options.fenced?.()) connection.nc.publish(reply, what);
    });
  }

  /** The consumer may be gone (deleted, server restarted): looks, makes it again where it stopped, and goes on. */
  #recover(reason: string): void {
    if (this.#closed || this.#unattended || this.#recovering) return;
    this.#puller.forget();
    this.#recovering = true;
    void this.#tryRecovering(reason).then(() => {
      this.#recovering = false;
      this.dispatcher.pump();
    });
  }

  async #tryRecovering(reason: string): Promise<void> {
    for (let tries = 0; !this.#closed && !this.#options.connection.nc.isClosed(); tries += 1) {
      try {
        return await this.listen(this.#spec);
      } catch (error) {
        if (tries === 0) this.#options.log(`consumer ${this.#spec.durable} (${reason}): ${reasonOf(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function oneLine(reason: string): string {
  return reason.replace(/\s+/g, ' ').slice(0, 200);
}
