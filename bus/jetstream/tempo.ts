// How fast handlers are, and what was settled lately.

/** Work fetched ahead is what the handlers do in this time; slow handlers leave it to other processes. */
const AHEAD_MS = 10;
const MOST_AHEAD = 500;

/** A running mean of how long handlers take, on the wall. */
export class Tempo {
  #meanMs = Number.POSITIVE_INFINITY;

  /** Runs a handler and notes how long it took. */
  async timed(work: () => Promise<void>): Promise<void> {
    const started = performance.now();
    try {
      await work();
    } finally {
      const took = performance.now() - started;
      this.#meanMs = Number.isFinite(this.#meanMs) ? this.#meanMs * 0.9 + took * 0.1 : took;
    }
  }

  /** How many messages to have in line beyond those that handlers can take at once. */
  ahead(capacity: number): number {
    return Math.min(MOST_AHEAD, Math.floor((capacity * AHEAD_MS) / Math.max(this.#meanMs, 0.01)));
  }
}

/** The last sequences of something. */
export class Recent {
  readonly #size: number;
  readonly #ring: number[] = [];
  readonly #known = new Set<number>();
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(seq: number): void {
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#ring[this.#next] = seq;
    this.#next = (this.#next + 1) % this.#size;
    this.#known.add(seq);
  }

  has(seq: number): boolean {
    return this.#known.has(seq);
  }
}
