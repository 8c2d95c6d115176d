// One durable of a memory stream in one bus: what it takes, how that is settled, and what bad habits do to it on the way.
//
// Invariants:
//   N1. Without habits a message is handed out when it is there, and settled when its handler says so.
//   N2. A consumer never has two handlers on one message: a copy that comes to the one who has it passes by, and comes
//       again after the ack wait.

import type { Consumer, ConsumerSpec, Delivery, Stored } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { type Backing, Delays, Dispatcher } from '../dispatcher.ts';
import type { Durable, Taken } from './durable.ts';
import type { Habits } from './habits.ts';
import type { MemoryStream } from './stream.ts';

type Handler = (delivery: Delivery) => Promise<void>;

export type MailboxParts = {
  readonly stream: MemoryStream;
  readonly durable: Durable;
  readonly clock: Clock;
  readonly habits: Habits | undefined;
  readonly log: (line: string) => void;
  /** Publishes the dead letter. */
  readonly bury: (dead: { durable: string; stored: Stored; attempt: number; reason: string }) => Promise<void>;
  /** Tells the other buses, and then this one, that the durable has something again. */
  readonly returned: (durable: string) => void;
};

export class MemoryMailbox implements Backing<Taken> {
  readonly durable: Durable;
  readonly dispatcher: Dispatcher<Taken>;
  readonly #parts: MailboxParts;
  readonly #clock: Clock;
  readonly #habits: Habits | undefined;
  readonly #delays: Delays<Taken>;
  #ackWaitMs = 0;
  #closed = false;
  /** Taken out of turn: handed out before anything else. */
  readonly #aside: Taken[] = [];
  /** The one that is held back now, and what was held back already. */
  readonly #asked = new WeakSet<Taken>();
  #heldBackUntil = Number.NEGATIVE_INFINITY;
  #wakesAt = Number.NEGATIVE_INFINITY;

  constructor(parts: MailboxParts) {
    this.#parts = parts;
    this.durable = parts.durable;
    this.#clock = parts.clock;
    this.#habits = parts.habits;
    this.dispatcher = new Dispatcher<Taken>(this);
    this.#delays = new Delays(parts.clock, (held) => this.dispatcher.again(held));
  }

  add(spec: ConsumerSpec, handler: Handler, closed: () => void): Consumer {
    this.durable.listenTo(spec.filters);
    this.#ackWaitMs = spec.ackWaitMs;
    return this.dispatcher.add(spec, this.#habits ? this.#watched(handler, this.#habits) : handler, closed);
  }

  /** Nobody listens here any more: gives back everything. */
  release(): void {
    this.#delays.clear();
    this.durable.giveBack(this);
    this.#parts.returned(this.durable.name);
  }

  /** The bus ends; nothing can be settled from here on. What a killed process held comes back after the ack wait. */
  close(killed: boolean): void {
    this.#closed = true;
    this.dispatcher.stop();
    if (killed) this.#at(this.#clock.now() + this.#ackWaitMs, () => this.release());
    else this.release();
  }

  // What the dispatcher asks of it.

  next(): Taken | undefined {
    if (!this.#habits) return this.durable.next(this.#parts.stream, this);
    if (this.#closed) return undefined;
    const now = this.#clock.now();
    const until = Math.max(this.#habits.cutUntil(now) ?? now, this.#heldBackUntil);
    if (until > now) {
      this.#wakeAt(until);
      return undefined;
    }
    return this.#unruly(this.#habits, now);
  }

  #unruly(habits: Habits, now: number): Taken | undefined {
    const { stream } = this.#parts;
    const { name } = this.durable;
    const first = this.#aside.shift() ?? this.durable.next(stream, this);
    if (!first || this.#asked.has(first)) return first;
    this.#asked.add(first);
    const delayMs = habits.delayMs(first.stored, name);
    if (delayMs > 0) {
      this.#aside.unshift(first);
      this.#heldBackUntil = now + delayMs;
      this.#wakeAt(this.#heldBackUntil);
      return undefined;
    }
    if (!habits.reorder(name)) return first;
    const second = this.durable.next(stream, this);
    if (!second) return first;
    this.#asked.add(second);
    this.#aside.unshift(first);
    return second;
  }

  acked(held: Taken): void {
    // What a closed bus held has been given back; settling it here would lose the next attempt.
    if (this.#closed) return;
    const { name } = this.durable;
    if (this.#habits?.loseAck(held.stored, name)) {
      this.putOff(held, this.#ackWaitMs);
      return;
    }
    if (!this.durable.isCurrent(held) && !this.#habits?.staleAck(held.stored, name)) return;
    this.#done(held);
  }

  #done(held: Taken): void {
    if (this.#closed) return;
    this.#delays.cancel(held);
    this.durable.settle(held);
  }

  putOff(held: Taken, delayMs: number): void {
    // Of several copies the one that was handed out last is put off; one that was settled by another is done.
    if (!this.#closed && this.durable.unsettled.get(held.stored.seq) === held) this.#delays.set(held, delayMs);
  }

  working(): void {}

  async bury(held: Taken, reason: string): Promise<void> {
    const { stored, attempt } = held;
    await this.#parts.bury({ durable: this.durable.name, stored, attempt, reason });
    this.#done(held);
  }

  failed(error: unknown): void {
    this.#parts.log(`a handler of ${this.durable.name} threw: ${String(error)}`);
  }

  drained(): void {}

  // What happens although nobody asked.

  #watched(handler: Handler, habits: Habits): Handler {
    const inHand = new Set<number>();
    return async (delivery) => {
      if (inHand.has(delivery.seq)) return;
      inHand.add(delivery.seq);
      this.#mayRepeat(delivery, habits);
      try {
        await handler(delivery);
      } finally {
        inHand.delete(delivery.seq);
      }
    };
  }

  /** The ack wait may run out while the handler is still at it. */
  #mayRepeat(delivery: Delivery, habits: Habits): void {
    const afterMs = habits.redeliver(delivery, this.durable.name);
    const held = this.durable.unsettled.get(delivery.seq);
    if (afterMs === undefined || !held) return;
    this.#at(this.#clock.now() + afterMs, () => {
      const isWithHandler = held.attempt === delivery.attempt && !this.#delays.has(held);
      if (this.#closed || !isWithHandler || this.durable.unsettled.get(delivery.seq) !== held) return;
      this.durable.repeat(held);
      this.#parts.returned(this.durable.name);
    });
  }

  #wakeAt(at: number): void {
    if (at <= this.#wakesAt && this.#wakesAt > this.#clock.now()) return;
    this.#wakesAt = at;
    this.#at(at, () => this.dispatcher.pump());
  }

  #at(at: number, then: () => void): void {
    this.#clock.sleepUntil(at).then(then, () => {});
  }
}
