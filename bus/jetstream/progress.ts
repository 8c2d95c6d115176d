// What virtual time waits for: messages of this process that are on the wire, to the stream or back from it.

import type { Clock, Source } from '../clock.ts';

/** Something that is to see messages published here. */
export interface Onlooker {
  /** A message of this process is stored: it may have to be seen before time moves. */
  published(subject: string, seq: number): void;
  /** True when everything that can come now has come and been handed on. */
  readonly settled: boolean;
}

export class Progress implements Source {
  readonly #clock: Clock;
  readonly #inFlight: () => number;
  readonly #onlookers = new Set<Onlooker>();
  readonly #unwatch: () => void;
  #opening = 0;

  /** @param inFlight messages that the stream has not confirmed */
  constructor(clock: Clock, inFlight: () => number) {
    this.#clock = clock;
    this.#inFlight = inFlight;
    this.#unwatch = clock.watch(this);
  }

  idle(): boolean {
    if (this.#opening > 0 || this.#inFlight() > 0) return false;
    for (const onlooker of this.#onlookers) if (!onlooker.settled) return false;
    return true;
  }

  /** Notes a stored message; costs nothing on a real clock, which waits for nobody. */
  published(subject: string, seq: number): void {
    if (!this.#clock.virtual) return;
    for (const onlooker of this.#onlookers) onlooker.published(subject, seq);
    this.#clock.poke();
  }

  add(onlooker: Onlooker): void {
    this.#onlookers.add(onlooker);
  }

  remove(onlooker: Onlooker): void {
    this.#onlookers.delete(onlooker);
    this.#clock.poke();
  }

  /** Something may have settled. */
  moved(): void {
    if (this.#clock.virtual) this.#clock.poke();
  }

  /** Time stands still until the work is done. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#opening += 1;
    try {
      return await work;
    } finally {
      this.#opening -= 1;
      this.moved();
    }
  }

  close(): void {
    this.#unwatch();
  }
}
