// What a real stream may do to those who use it, as a port: a memory bus asks at every occasion, so that one seed decides
// all of it. Times are of the clock of the company.
//
// Invariants:
//   H1. The answers depend on the kinds, on `random` and on the order of the questions, and on nothing else.
//   H2. Once calm nothing strikes any more, and spans that had begun are over.

import type { Stored } from '../bus.ts';
import type { Message } from '../messages.ts';

export interface Habits {
  /**
   * What becomes of one try to publish: stored; stored, but the confirmation never comes; not stored, and no answer;
   * refused because the disk is full. The bus tries again as the JetStream adapter does, and asks again for each try.
   * @param now of the bus's clock; a message that is tried again still has the time of its first try
   */
  publish(message: Message, now: number): 'stored' | 'unconfirmed' | 'lost' | 'full';
  /** How long a delivery is held back before it is handed out, ms; those behind it wait too. 0 = not at all. */
  delayMs(stored: Stored, durable: string): number;
  /** After how many ms a message whose handler still runs is handed out a second time, as the next attempt. */
  redeliver(stored: Stored, durable: string): number | undefined;
  /** True: the next message of the durable is handed out before this one. */
  reorder(durable: string): boolean;
  /** True: this tell is dropped. */
  dropTell(message: Message): boolean;
  /** True: the acknowledgement is lost; the message comes back after the ack wait. */
  loseAck(stored: Stored, durable: string): boolean;
  /** True: the acknowledgement of an older delivery settles the message although another handler has it by now. */
  staleAck(stored: Stored, durable: string): boolean;
  /** True: the stream forgets the ids it knew. */
  forgetIds(): boolean;
  /** How much later than the stream the taps get this message, ms; their order is kept. */
  tapLagMs(stored: Stored): number;
  /** Until when (epoch ms) this process cannot reach the stream, so that nothing is delivered; undefined when it can. */
  cutUntil(now: number): number | undefined;
}

/** The faults that are a stream's; `createHabits` passes over the names of others. */
export const faultKinds = [
  'duplicate',
  'reorder',
  'delay',
  'drop-core',
  'partition',
  'redeliver-late',
  'stale-ack',
  'dedupe-forgotten',
  'disk-full',
] as const;

type FaultKind = (typeof faultKinds)[number];

/** How often an occasion is taken, unless told. */
const RATE = 0.03;
/** A span begins that much more rarely than a single fault strikes: it strikes everything while it lasts. */
const SPANS = 0.1;
const LONGEST_DELAY_MS = 30_000;
const LONGEST_REDELIVERY_MS = 60_000;
/** Some are longer than the minute after which a writer gives up. */
const LONGEST_SPAN_MS = 90_000;

type Partition = {
  readonly until: number /** What we write arrives; what is answered does not. */;
  readonly deaf: boolean;
};

/**
 * @param kinds names of faults; those that are not the stream's are passed over
 * @param random in [0, 1)
 * @param options.rate the chance that an occasion is taken, 0 to 1
 */
export function createHabits(
  kinds: readonly string[],
  random: () => number,
  options: { rate?: number } = {},
): Habits & { calm(): void; readonly struck: ReadonlyMap<string, number> } {
  return new SeededHabits(kinds, random, options.rate ?? RATE);
}

class SeededHabits implements Habits {
  readonly struck = new Map<string, number>();
  readonly #on: ReadonlySet<string>;
  readonly #random: () => number;
  readonly #rate: number;
  #calm = false;
  #partition: Partition | undefined;
  #fullUntil = Number.NEGATIVE_INFINITY;

  constructor(kinds: readonly string[], random: () => number, rate: number) {
    this.#on = new Set(kinds);
    this.#random = random;
    this.#rate = rate;
  }

  calm(): void {
    this.#calm = true;
    this.#partition = undefined;
    this.#fullUntil = Number.NEGATIVE_INFINITY;
  }

  publish(_: Message, now: number): 'stored' | 'unconfirmed' | 'lost' | 'full' {
    if (this.#calm) return 'stored';
    if (!this.cutUntil(now) && this.#strikes('partition', SPANS)) {
      this.#partition = { until: now + this.#upTo(LONGEST_SPAN_MS), deaf: this.#random() < 0.3 };
      // The one under way when it begins may have arrived.
      return this.#random() < 0.5 ? 'unconfirmed' : 'lost';
    }
    if (this.#partition) return this.#partition.deaf ? 'unconfirmed' : 'lost';
    if (now < this.#fullUntil) return 'full';
    if (this.#strikes('disk-full', SPANS)) {
      this.#fullUntil = now + this.#upTo(LONGEST_SPAN_MS);
      return 'full';
    }
    return this.#strikes('duplicate') ? 'unconfirmed' : 'stored';
  }

  cutUntil(now: number): number | undefined {
    if (this.#partition && now >= this.#partition.until) this.#partition = undefined;
    return this.#partition?.until;
  }

  delayMs(): number {
    return this.#strikes('delay') ? this.#upTo(LONGEST_DELAY_MS) : 0;
  }

  redeliver(): number | undefined {
    if (this.#on.has('redeliver-late')) {
      return this.#strikes('redeliver-late') ? this.#upTo(LONGEST_REDELIVERY_MS) : undefined;
    }
    // Without a second delivery there is no stale acknowledgement; it is counted when it is accepted.
    return this.#takes('stale-ack') ? this.#upTo(LONGEST_REDELIVERY_MS) : undefined;
  }

  reorder(): boolean {
    return this.#strikes('reorder');
  }

  dropTell(): boolean {
    return this.#strikes('drop-core');
  }

  loseAck(): boolean {
    return this.#strikes('duplicate');
  }

  staleAck(): boolean {
    if (this.#calm || !this.#on.has('stale-ack')) return false;
    this.#count('stale-ack');
    return true;
  }

  forgetIds(): boolean {
    return this.#strikes('dedupe-forgotten');
  }

  tapLagMs(): number {
    return this.#strikes('delay') ? this.#upTo(LONGEST_DELAY_MS) : 0;
  }

  #strikes(kind: FaultKind, share = 1): boolean {
    if (!this.#takes(kind, share)) return false;
    this.#count(kind);
    return true;
  }

  #takes(kind: FaultKind, share = 1): boolean {
    return !this.#calm && this.#on.has(kind) && this.#random() < this.#rate * share;
  }

  #count(kind: FaultKind): void {
    this.struck.set(kind, (this.struck.get(kind) ?? 0) + 1);
  }

  /** Short ones are more likely than long ones; at least 1 ms. */
  #upTo(mostMs: number): number {
    return 1 + Math.floor(this.#random() ** 2 * mostMs);
  }
}
