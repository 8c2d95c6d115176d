// Hands the deliveries of one durable to its handlers in this process. Both adapters use it, so that capacity, sharing,
// settling and lateness mean the same on each; where messages come from and how they are settled is the adapter's Backing.
//
// Invariants:
//   D1. A message is with at most one handler of this process at a time.
//   D2. Handlers are called in the order of the stream; what was put off and is due again goes first.
//   D3. A delivery whose handler has returned can still be settled until it is handed out again; an older one cannot.

import type { Consumer, ConsumerSpec, Delivery, Stored } from './bus.ts';
import type { Clock } from './clock.ts';

/** A message of the durable that is not settled yet. */
export type Held = { readonly stored: Stored; attempt: number };

/** What the dispatcher needs of an adapter. */
export interface Backing<H extends Held> {
  /** The next new message, if one is here now. */
  next(): H | undefined;
  acked(held: H): void;
  /** Makes it come back after `delayMs` of the company's clock. */
  putOff(held: H, delayMs: number): void;
  working(held: H): void;
  /** Publishes the dead letter, then settles for good. */
  bury(held: H, reason: string): Promise<void>;
  /** A handler threw; the message stays unsettled. */
  failed(error: unknown): void;
  /** Everything that can be handed out now has been. */
  drained(): void;
  /** The last consumer takes no more; its handlers may still run. */
  unattended?(): void;
}

type Handler = (delivery: Delivery) => Promise<void>;
type Lane = { spec: ConsumerSpec; handler: Handler; running: number; idle: (() => void) | undefined };

export class Dispatcher<H extends Held> {
  readonly #backing: Backing<H>;
  readonly #due: H[] = [];
  #lanes: Lane[] = [];
  #turn = 0;
  #pumping = false;
  #again = false;

  constructor(backing: Backing<H>) {
    this.#backing = backing;
  }

  get lanes(): number {
    return this.#lanes.length;
  }

  /** How many more handlers may run now. */
  get free(): number {
    return this.#lanes.reduce((sum, lane) => sum + Math.max(0, lane.spec.capacity() - lane.running), 0);
  }

  /** How many handlers may run at once. */
  get capacity(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.spec.capacity(), 0);
  }

  /** Messages that are due again and wait for a handler. */
  get waiting(): number {
    return this.#due.length;
  }

  /** Adds a consumer; it gets nothing before the next `pump`. */
  add(spec: ConsumerSpec, handler: Handler, closed: () => void | Promise<void>): Consumer {
    const lane: Lane = { spec, handler, running: 0, idle: undefined };
    this.#lanes.push(lane);
    return {
      wake: () => this.pump(),
      get inHand() {
        return lane.running;
      },
      close: async () => {
        this.#lanes = this.#lanes.filter((other) => other !== lane);
        if (this.#lanes.length === 0) this.#backing.unattended?.();
        if (lane.running > 0) await new Promise<void>((resolve) => (lane.idle = resolve));
        await closed();
      },
    };
  }

  /** Stops handing out. Handlers that run are left to themselves. */
  stop(): void {
    this.#lanes = [];
  }

  /** Takes back a message that was put off, as its next attempt. */
  again(held: H): void {
    held.attempt += 1;
    this.#due.push(held);
    this.pump();
  }

  /** Hands out what can be handed out. */
  pump(): void {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#again) {
        this.#again = false;
        this.#handOut();
      }
    } finally {
      this.#pumping = false;
    }
    this.#backing.drained();
  }

  #handOut(): void {
    for (let lane = this.#freeLane(); lane; lane = this.#freeLane()) {
      const held = this.#due.shift() ?? this.#backing.next();
      if (!held) return;
      this.#turn += 1;
      void this.#run(lane, held);
    }
  }

  /** Lanes take turns, so that consumers with one name share the work. */
  #freeLane(): Lane | undefined {
    for (let step = 0; step < this.#lanes.length; step += 1) {
      const lane = this.#lanes[(this.#turn + step) % this.#lanes.length];
      if (lane && lane.running < lane.spec.capacity()) return lane;
    }
    return undefined;
  }

  async #run(lane: Lane, held: H): Promise<void> {
    lane.running += 1;
    const delivery = new InHand(held, this.#backing, lane.spec.ackWaitMs);
    try {
      await lane.handler(delivery);
    } catch (error) {
      this.#backing.failed(error);
    }
    lane.running -= 1;
    if (!delivery.settled) this.#backing.putOff(held, lane.spec.ackWaitMs);
    if (lane.running === 0) lane.idle?.();
    this.pump();
  }
}

class InHand<H extends Held> implements Delivery {
  readonly attempt: number;
  readonly seq: number;
  readonly subject: string;
  readonly message: Stored['message'];
  settled = false;
  readonly #held: H;
  readonly #backing: Backing<H>;
  readonly #ackWaitMs: number;

  constructor(held: H, backing: Backing<H>, ackWaitMs: number) {
    this.#held = held;
    this.#backing = backing;
    this.#ackWaitMs = ackWaitMs;
    this.attempt = held.attempt;
    this.seq = held.stored.seq;
    this.subject = held.stored.subject;
    this.message = held.stored.message;
  }

  ack(): void {
    if (this.#settle()) this.#backing.acked(this.#held);
  }

  nak(delayMs = 0): void {
    if (this.#settle()) this.#backing.putOff(this.#held, delayMs);
  }

  working(): void {
    if (!this.settled) this.#backing.working(this.#held);
  }

  async term(reason: string): Promise<void> {
    if (!this.#settle()) return;
    try {
      await this.#backing.bury(this.#held, reason);
    } catch (error) {
      // Its handler may have returned by now, so nobody else would bring it back.
      this.#backing.putOff(this.#held, this.#ackWaitMs);
      throw error;
    }
  }

  #settle(): boolean {
    if (this.settled || this.attempt !== this.#held.attempt) return false;
    this.settled = true;
    return true;
  }
}

/** Messages put off in this process until an instant of its clock. */
export class Delays<H> {
  readonly #clock: Clock;
  readonly #due: (held: H) => void;
  readonly #waiting = new Map<H, AbortController>();

  constructor(clock: Clock, due: (held: H) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  set(held: H, delayMs: number): void {
    this.cancel(held);
    const stop = new AbortController();
    this.#waiting.set(held, stop);
    const due = () => {
      if (this.#waiting.get(held) !== stop) return;
      this.#waiting.delete(held);
      this.#due(held);
    };
    this.#clock.sleepUntil(this.#clock.now() + delayMs, stop.signal).then(due, () => {});
  }

  has(held: H): boolean {
    return this.#waiting.has(held);
  }

  cancel(held: H): void {
    this.#waiting.get(held)?.abort();
    this.#waiting.delete(held);
  }

  /** Forgets all of them and returns what waited, in the order it was put off. */
  clear(): H[] {
    const waiting = [...this.#waiting.keys()];
    for (const held of waiting) this.cancel(held);
    return waiting;
  }
}

/**
 * Runs a listener that must not throw. Its bug surfaces as an uncaught error instead of breaking the stream: an error thrown
 * into the NATS client ends its reading, and everything waits for ever.
 */
export function outOfBand(listen: () => void): void {
  try {
    listen();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
