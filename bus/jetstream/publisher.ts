// Writes to the stream over one reply inbox with a window, instead of one request a message: five times the rate of
// `js.publish`, which spends its time on a timer, a promise chain and a subscription lookup for each.
//
// Invariants:
//   P1. At most `window` messages are unconfirmed; the others wait in line, in order.
//   P2. A message that is not confirmed in time, or when the connection comes back, is sent again under the same id until it
//       is confirmed: the stream drops the repetition, so a time-out never means "perhaps twice".
//   P3. A refused sequence is looked up before it is believed: it may be our own earlier try that was stored.
//   P4. In a cluster, a node that confirms nothing for as long as the connection's patience is left for another: it may be cut
//       off from the others.
//   P5. With a guard, what a full stream refuses is kept, and while the guard is not open nothing is written or given up.
//   P6. Of a message whose first try a leader lost, and whose id it knows all the same, a copy goes under another id.

import { createInbox, type Msg } from 'nats';
import type { Published } from '../bus.ts';
import { outOfBand } from '../dispatcher.ts';
import { BusFailure, reasonOf, StaleWrite } from '../errors.ts';
import { type Confirmation, confirmationIn, isStale, isTaken, isUndecided } from './confirmation.ts';
import type { Connection } from './connection.ts';
import { refusal, StreamTookNothing } from './errors.ts';
import type { StreamGuard } from './guard.ts';
import { type Letter, LetterHeaders, noStream, unanswered, unwritable } from './letter.ts';
import { Window } from './window.ts';

const TICK_MS = 250;
/**
 * An id that is called taken for this long belongs to no try that can still be stored: a leader that lost the others goes on as
 * such for 20 s at most, for it asks itself every 10 s whether it has heard of them in the last 10 (nats-server's raft).
 */
const TAKEN_MS = 30_000;

export type PublisherOptions = {
  readonly window?: number;
  /** Sent again after this long without an answer. */
  readonly resendMs?: number;
  /** Given up after this long. */
  readonly giveUpMs?: number;
  /** Given up after this long when nobody listens on the subject. */
  readonly noStreamMs?: number;
  /** Whether a message with this id is stored although the write was refused. */
  readonly ownWrite: (letter: Letter) => Promise<number | undefined>;
  /** Hears of every confirmed message. */
  readonly stored?: (subject: string, seq: number) => void;
  /** Knows whether the stream can be written to. */
  readonly guard?: StreamGuard | undefined;
  /** The guard hears of a message that is unconfirmed for this long; 20 s unless told. */
  readonly silentMs?: number | undefined;
};

type Pending = Letter & {
  readonly n: number;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: Error) => void;
  /** What the stream tells its tries by: the id, as a rule. */
  key: string;
  /** Ticks. */
  born: number;
  due: number;
  unheard: number;
  /** The first of the answers in a row that called it taken. */
  takenSince: number | undefined;
  /** The last answer that decided nothing. */
  said: string | undefined;
};

export class Publisher {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #inbox: string;
  readonly #options: PublisherOptions;
  readonly #headers = new LetterHeaders();
  readonly #window: Window<Pending>;
  #n = 0;
  #tick = 0;
  /** Ticks since the stream last decided about a message. */
  #silence = 0;
  /** The tick of the last confirmation. */
  #heard = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Whoever writes cannot wait for a stream that takes nothing. */
  #gaveUp = false;
  #empty: (() => void)[] = [];

  /** @param prefix what goes in front of a subject: `acme.` */
  constructor(connection: Connection, prefix: string, options: PublisherOptions) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#options = options;
    this.#window = new Window(options.window ?? 1024, (pending) => this.#start(pending));
    this.#inbox = `${createInbox()}.`;
    connection.nc.subscribe(`${this.#inbox}*`, { callback: (_, msg) => outOfBand(() => this.#answered(msg)) });
    connection.onReconnect(() => this.#resendAll());
    options.guard?.serve((what) => this.#serve(what));
    void connection.nc.closed().then(() => this.#fail(new Error('the connection was closed')));
  }

  /** Messages that are not confirmed yet. */
  get inFlight(): number {
    return this.#window.count;
  }

  /** Resolves when the stream has it. Throws StaleWrite, BusFailure. */
  send(letter: Letter): Promise<Published> {
    if (this.#closed)
      return Promise.reject(new BusFailure('BUS_CLOSED', 'the bus is closed', 'open the company again'));
    const refused = this.#refusal;
    if (refused) return Promise.reject(refused);
    if (/[\r\n]/.test(letter.id))
      return Promise.reject(new BusFailure('BAD_ID', 'a message id must be one line', 'choose another id'));
    return new Promise((resolve, reject) => {
      this.#n += 1;
      const { subject, id, data, expected } = letter;
      this.#window.add({
        n: this.#n,
        subject,
        id,
        key: id,
        data,
        expected,
        resolve,
        reject,
        born: this.#tick,
        due: 0,
        unheard: 0,
        takenSince: undefined,
        said: undefined,
      });
    });
  }

  /** Sends without a confirmation, in order with the rest; while the server is away it is lost. */
  tell(subject: string, data: Uint8Array): void {
    this.#connection.send(() => {
      if (!this.#connection.online) return;
      outOfBand(() => this.#connection.nc.publish(this.#prefix + subject, data));
    });
  }

  /** Refuses what a full, silent or changed stream does not take now, and what is written later while it is so. */
  giveUp(): void {
    this.#gaveUp = true;
    const refused = this.#refusal;
    if (refused) this.#refuse(refused);
  }

  /** Why nothing is kept for later. */
  get #refusal(): BusFailure | undefined {
    const { guard } = this.#options;
    return guard?.refusal ?? (this.#gaveUp && guard?.troubled ? new StreamTookNothing() : undefined);
  }

  /** Waits until everything is confirmed or given up. */
  async close(): Promise<void> {
    this.#closed = true;
    this.giveUp();
    this.#options.guard?.close();
    if (this.inFlight > 0) await new Promise<void>((resolve) => this.#empty.push(resolve));
    clearInterval(this.#timer);
  }

  #start(pending: Pending): void {
    pending.born = this.#tick;
    this.#timer ??= setInterval(() => this.#onTick(), TICK_MS);
    this.#connection.send(() => this.#write(pending));
  }

  #write(pending: Pending, probe = false): void {
    pending.due = this.#tick + ticks(this.#options.resendMs ?? 5_000);
    // The client forgets what is written while it is away; it is sent when the connection is back.
    if (!this.#connection.online || (this.#options.guard?.open === false && !probe)) return;
    try {
      this.#connection.nc.publish(this.#prefix + pending.subject, pending.data, {
        reply: this.#inbox + pending.n,
        headers: this.#headers.about(pending.key, pending.expected),
      });
    } catch (error) {
      this.#settle(pending);
      pending.reject(unwritable(pending, error));
    }
  }

  #answered(msg: Msg): void {
    const pending = this.#window.get(Number(msg.subject.slice(this.#inbox.length)));
    if (!pending) return;
    const ack = confirmationIn(msg);
    if (!ack || !isTaken(ack)) pending.takenSince = undefined;
    if (!ack) this.#unheard(pending);
    else if (isTaken(ack)) this.#taken(pending, ack);
    else if (isUndecided(ack)) this.#undecided(pending, ack);
    else if (isStale(ack)) void this.#lookUp(pending);
    else if (ack.error) this.#refused(pending, ack.error);
    else this.#confirm(pending, ack.seq, ack.duplicate === true);
  }

  #undecided(pending: Pending, { error }: Confirmation): void {
    pending.said = error?.description;
    pending.due = this.#tick + 1;
  }

  /**
   * A leader of nats-server 2.10 notes an id before the others have the message. When it loses both the lead and the message, and
   * leads again, it refuses the id for as long as it remembers ids: an hour (nats-server, pull request 6415).
   */
  #taken(pending: Pending, ack: Confirmation): void {
    this.#undecided(pending, ack);
    pending.takenSince ??= this.#tick;
    if (this.#tick - pending.takenSince < ticks(TAKEN_MS)) return;
    pending.takenSince = undefined;
    pending.key += '+';
    this.#write(pending, true);
  }

  #refused(pending: Pending, error: { err_code?: number; description: string }): void {
    const failure = refusal(`publish on ${pending.subject}`, error.err_code, error.description);
    const { guard } = this.#options;
    if (guard && failure.code === 'STORAGE_FULL' && !this.#closed) guard.full(failure);
    else {
      this.#settle(pending);
      pending.reject(failure);
    }
  }

  #serve(what: 'all' | 'first' | 'none'): void {
    const { first } = this.#window;
    if (what === 'all') this.#resendAll();
    else if (what === 'first') {
      if (first) this.#write(first, true);
    } else this.#refuse(this.#options.guard?.refusal ?? new StreamTookNothing());
  }

  #confirm(pending: Pending, seq: number, duplicate: boolean): void {
    this.#options.stored?.(pending.subject, seq);
    this.#connection.confirmed();
    this.#heard = this.#tick;
    this.#settle(pending);
    pending.resolve({ seq, duplicate });
    this.#options.guard?.stored(seq);
  }

  async #lookUp(pending: Pending): Promise<void> {
    pending.due = Number.POSITIVE_INFINITY;
    try {
      const seq = await this.#options.ownWrite(pending);
      if (seq === undefined) throw new StaleWrite(pending.subject, pending.expected ?? 0);
      this.#confirm(pending, seq, true);
    } catch (error) {
      this.#settle(pending);
      pending.reject(error instanceof Error ? error : new Error(reasonOf(error)));
    }
  }

  /** No stream took it. A cluster that elects a leader answers so for seconds. */
  #unheard(pending: Pending): void {
    pending.unheard += 1;
    pending.due = this.#tick + 1;
    // Whether the stream is gone, the guard finds out.
    if (this.#options.guard && !this.#closed) {
      this.#options.guard.look();
      return;
    }
    if (pending.unheard * TICK_MS < (this.#options.noStreamMs ?? 2_000)) return;
    this.#settle(pending);
    pending.reject(noStream(this.#prefix + pending.subject));
  }

  #settle(pending: Pending): void {
    if (!this.#window.remove(pending)) return;
    this.#silence = 0;
    if (this.#window.count === 0) this.#rest();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#silence = 0;
    for (const resolve of this.#empty.splice(0)) resolve();
  }

  #onTick(): void {
    this.#tick += 1;
    this.#silence = this.#connection.online ? this.#silence + 1 : 0;
    if (this.#silence >= ticks(this.#connection.patienceMs)) {
      this.#silence = 0;
      this.#connection.move('it confirms nothing');
    }
    if (this.#guarded()) return;
    const oldest = this.#tick - ticks(this.#options.giveUpMs ?? 60_000);
    for (const pending of this.#window.underWay()) {
      if (pending.due > this.#tick) continue;
      if (pending.born > oldest) this.#write(pending);
      else {
        this.#settle(pending);
        pending.reject(unanswered(pending, pending.said));
      }
    }
  }

  /** True while the guard keeps everything: it does not grow old meanwhile. */
  #guarded(): boolean {
    const { guard } = this.#options;
    if (!guard || this.#closed) return false;
    const { first } = this.#window;
    const { silentMs = 20_000 } = this.#options;
    if (first && this.#tick - Math.max(first.born, this.#heard) >= ticks(silentMs)) guard.silent(silentMs / 1_000);
    if (guard.open && this.#connection.online) return false;
    // A guard that only looks must not hide that nobody answers.
    if (guard.troubled || !this.#connection.online) for (const pending of this.#window.underWay()) pending.born += 1;
    return true;
  }

  #resendAll(): void {
    for (const pending of this.#window.underWay()) if (Number.isFinite(pending.due)) this.#write(pending);
  }

  #fail(cause: Error): void {
    for (const pending of this.#window.clear()) pending.reject(unwritable(pending, cause));
    this.#rest();
  }

  #refuse(error: BusFailure): void {
    for (const pending of this.#window.clear()) pending.reject(error);
    this.#rest();
  }
}

function ticks(ms: number): number {
  return Math.ceil(ms / TICK_MS);
}
