// Time as a port, and the real clock, which may run faster than the wall (`factor`). The simulated one: virtual-clock.ts.

/** One piece of work in hand; the only way to wait inside it. */
export interface Turn {
  now(): number;
  /** Waits until an instant (epoch ms). Rejects with the signal's reason when aborted. */
  sleepUntil(at: number, signal?: AbortSignal): Promise<void>;
  /** Waits for something outside this turn (a model, an answer) without holding time or other turns. */
  pause<T>(wait: () => Promise<T>): Promise<T>;
}

/** Something that may have work on its way that no turn knows of yet. */
export interface Source {
  idle(): boolean;
}

export interface Clock extends Turn {
  /** True when time is simulated: nothing may then wait on the wall clock. */
  readonly virtual: boolean;
  /** How much faster than the wall this clock runs; 1 for the real one. Wall milliseconds = clock milliseconds / factor. */
  readonly factor: number;
  /** Runs `work` as one turn. */
  turn<T>(work: (turn: Turn) => Promise<T>): Promise<T>;
  /** Calls `ring` at an instant (epoch ms) unless the function it returns is called before. Cheaper than a sleep. */
  alarm(at: number, ring: () => void): () => void;
  /** Calls `ring` when so much of the clock's time has passed (ms), whatever the wall was set to meanwhile. As `alarm` else. */
  after(ms: number, ring: () => void): () => void;
  /** The wall's time at an instant of this clock, both epoch ms; undefined when the two do not go together. */
  wall(instant: number): number | undefined;
  /** Registers a source; call `poke` whenever it may have become idle. Returns a function that removes it. */
  watch(source: Source): () => void;
  poke(): void;
}

function waitWall(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** The longest single timer Node takes, in ms; longer ones are made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A wait for an instant looks at the wall this often, in ms of the wall: it may have been set, or the machine have slept. */
const LOOK_MS = 60_000;

/** A wall that differs by more than this from what has passed was set, in ms; less is drift. */
const SET_MS = 1_000;

/** What a machine knows of time. */
export type Wall = {
  /** Epoch ms. Anybody may set it, forward or back. */
  now(): number;
  /** Milliseconds since some moment; never goes back and is never set. Stands still while the machine sleeps. */
  passed(): number;
};

const thisMachine: Wall = { now: () => Date.now(), passed: () => performance.now() };

/**
 * Time that passes as it does on the machine, or `factor` times as fast.
 *
 * Invariants:
 *   R1. It never goes back. A wall that is set back changes nothing: the clock goes on from where it is, ahead of the wall.
 *   R2. At the wall's speed it follows a wall that is set forward, and one that went on while the machine slept.
 *   R3. A wait for an instant ends at most `LOOK_MS` after the instant has come, however it came; `after` counts what has passed.
 */
export class RealClock implements Clock {
  readonly virtual = false;
  readonly factor: number;
  readonly #wall: Wall;
  readonly #onSet: (byMs: number) => void;
  /** The clock's time when `passed()` was `#since`. */
  #at: number;
  #since: number;
  /** Its distance from the wall, as it was last told: what it keeps while nobody sets the wall. */
  #ahead = 0;
  /** How far behind that the wall is, because it was set back. */
  #behind = 0;

  /**
   * @param start epoch ms at which it begins; the wall's time unless told
   * @param options.onSet told when the wall is found to have been set, by how many ms
   */
  constructor(factor = 1, start?: number, options: { wall?: Wall; onSet?: (byMs: number) => void } = {}) {
    this.factor = factor;
    this.#wall = options.wall ?? thisMachine;
    this.#onSet = options.onSet ?? (() => {});
    this.#at = this.#wall.now();
    this.#since = this.#wall.passed();
    if (start !== undefined) this.#goOnFrom(start);
  }

  now(): number {
    const passed = this.#wall.passed();
    const now = this.#at + (passed - this.#since) * this.factor;
    if (this.factor !== 1) return Math.round(now);
    const off = this.#wall.now() + this.#ahead - now;
    const set = off + this.#behind;
    if (Math.abs(set) <= SET_MS) return Math.round(now);
    this.#behind = Math.max(0, -off);
    if (off > 0) {
      this.#at = now + off;
      this.#since = passed;
    }
    this.#onSet(Math.round(set));
    return Math.round(Math.max(now, now + off));
  }

  /** Goes on from `instant` (epoch ms) if that is later: a company that ran faster than the wall does not fall back to it. */
  catchUp(instant: number): void {
    if (instant > this.now()) this.#goOnFrom(instant);
  }

  /** Goes on from `instant` (epoch ms) if that is earlier: a company whose time was simulated does not jump to the wall's. */
  fallBack(instant: number): void {
    if (instant < this.now()) this.#goOnFrom(instant);
  }

  #goOnFrom(instant: number): void {
    this.#at = instant;
    this.#since = this.#wall.passed();
    this.#ahead = instant - this.#wall.now();
    this.#behind = 0;
  }

  wall(instant: number): number | undefined {
    return this.factor === 1 && this.#ahead === 0 ? this.#wall.now() - (this.now() - instant) : undefined;
  }

  async sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const left = (at - this.now()) / this.factor;
      if (left <= 0) return signal?.throwIfAborted();
      await waitWall(Math.min(Math.ceil(left), LOOK_MS), signal);
    }
  }

  alarm(at: number, ring: () => void): () => void {
    return ringing(() => (at - this.now()) / this.factor, LOOK_MS, ring);
  }

  after(ms: number, ring: () => void): () => void {
    const over = this.#wall.passed() + ms / this.factor;
    return ringing(() => over - this.#wall.passed(), LONGEST_TIMER_MS, ring);
  }

  pause<T>(wait: () => Promise<T>): Promise<T> {
    return wait();
  }

  turn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    return work(this);
  }

  watch(): () => void {
    return () => {};
  }

  poke(): void {}
}

/** Rings when nothing is left of a wait, which is looked at every so often (ms). Returns what calls it off. */
function ringing(left: () => number, everyMs: number, ring: () => void): () => void {
  const wait = () => setTimeout(look, Math.min(Math.max(0, Math.ceil(left())), everyMs));
  const look = () => {
    if (left() > 0) timer = wait();
    else ring();
  };
  let timer = wait();
  return () => clearTimeout(timer);
}
