// Time as a port. The real clock may run faster than the wall (`factor`); the virtual one moves to the next deadline only
// when nothing is outstanding: no turn running or waiting to run, and every source (a bus with messages on the wire) idle.
//
// Invariants:
//   C1. A turn that waits (`pause`, `sleepUntil`) does not hold time or, on a serial clock, other turns.
//   C2. On a serial clock one turn runs at a time, in the order they became ready; with an idle memory bus a run is
//       therefore a function of its input.
//   C3. Deadlines due at the same instant wake in the order they were set.

import { Timers } from './timers.ts';

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

/** The longest single timer Node takes, in ms; longer sleeps are made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Time that passes like the wall's, or `factor` times as fast. */
export class RealClock implements Clock {
  readonly virtual = false;
  readonly factor: number;
  readonly #started = Date.now();
  #ahead = 0;

  /** @param start epoch ms at which it begins; the wall's time unless told */
  constructor(factor = 1, start?: number) {
    this.factor = factor;
    if (start !== undefined) this.#ahead = start - this.now();
  }

  now(): number {
    const now = this.factor === 1 ? Date.now() : Math.round(this.#started + (Date.now() - this.#started) * this.factor);
    return now + this.#ahead;
  }

  /** Goes on from `instant` (epoch ms) if that is later: a company that ran faster than the wall does not fall back to it. */
  catchUp(instant: number): void {
    this.#ahead += Math.max(0, instant - this.now());
  }

  /** Goes on from `instant` (epoch ms) if that is earlier: a company whose time was simulated does not jump to the wall's. */
  fallBack(instant: number): void {
    this.#ahead += Math.min(0, instant - this.now());
  }

  async sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const left = (at - this.now()) / this.factor;
      if (left <= 0) return signal?.throwIfAborted();
      await waitWall(Math.min(Math.ceil(left), LONGEST_TIMER_MS), signal);
    }
  }

  alarm(at: number, ring: () => void): () => void {
    const left = () => (at - this.now()) / this.factor;
    const wait = () => setTimeout(look, Math.min(Math.max(0, Math.ceil(left())), LONGEST_TIMER_MS));
    const look = () => {
      if (left() > 0) timer = wait();
      else ring();
    };
    let timer = wait();
    return () => clearTimeout(timer);
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

/** Simulated time. `serial` runs one turn at a time: what makes a run on the memory bus repeatable. */
export class VirtualClock implements Clock {
  readonly virtual = true;
  readonly factor = 1;
  readonly #serial: boolean;
  readonly #timers = new Timers();
  readonly #ready: (() => void)[] = [];
  readonly #sources = new Set<Source>();
  readonly #onIdle: () => boolean;
  #now: number;
  #running = 0;
  #checking = false;

  /**
   * @param options.start epoch ms at which time begins
   * @param options.serial one turn at a time
   * @param options.onIdle asked each time nothing is outstanding; true stops time there (a scenario that has ended)
   */
  constructor(options: { start: number; serial?: boolean; onIdle?: () => boolean }) {
    this.#now = options.start;
    this.#serial = options.serial ?? false;
    this.#onIdle = options.onIdle ?? (() => false);
  }

  now(): number {
    return this.#now;
  }

  sleepUntil(at: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        this.#timers.cancel(timer);
        reject(signal?.reason);
        this.poke();
      };
      const timer = this.#timers.set(Math.max(at, this.#now), () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      signal?.addEventListener('abort', stop, { once: true });
      this.poke();
    });
  }

  alarm(at: number, ring: () => void): () => void {
    const timer = this.#timers.set(Math.max(at, this.#now), ring);
    this.poke();
    return () => {
      this.#timers.cancel(timer);
      this.poke();
    };
  }

  pause<T>(wait: () => Promise<T>): Promise<T> {
    return wait();
  }

  async turn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    await this.#enter();
    const turn: Turn = {
      now: () => this.#now,
      pause: async (wait) => {
        this.#leave();
        try {
          return await wait();
        } finally {
          await this.#enter();
        }
      },
      sleepUntil: (at, signal) => turn.pause(() => this.sleepUntil(at, signal)),
    };
    try {
      return await work(turn);
    } finally {
      this.#leave();
    }
  }

  watch(source: Source): () => void {
    this.#sources.add(source);
    return () => {
      this.#sources.delete(source);
      this.poke();
    };
  }

  /** Schedules one look at whether time may move, after everything already queued in this process has run. */
  poke(): void {
    if (this.#checking) return;
    this.#checking = true;
    setImmediate(() => {
      this.#checking = false;
      this.#advance();
    });
  }

  #enter(): Promise<void> | undefined {
    this.#running += 1;
    if (!this.#serial || this.#running === 1) return undefined;
    return new Promise((resolve) => void this.#ready.push(resolve));
  }

  #leave(): void {
    this.#running -= 1;
    const next = this.#ready.shift();
    if (next) next();
    else if (this.#running === 0) this.poke();
  }

  #advance(): void {
    if (this.#running > 0 || this.#timers.empty) return;
    for (const source of this.#sources) if (!source.idle()) return;
    if (this.#onIdle()) return;
    const first = this.#timers.take();
    if (!first) return;
    this.#now = first.at;
    first.wake();
    this.poke();
  }
}
