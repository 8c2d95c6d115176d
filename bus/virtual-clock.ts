// The simulated clock: it moves to the next deadline only when nothing is outstanding: no turn running or waiting to run, and
// every source (a bus with messages on the wire) idle.
//
// Invariants:
//   C1. A turn that waits (`pause`, `sleepUntil`) does not hold time or, on a serial clock, other turns.
//   C2. On a serial clock one turn runs at a time, in the order they became ready; with an idle memory bus a run is
//       therefore a function of its input.
//   C3. Deadlines due at the same instant wake in the order they were set.
//   C4. A turn that waits for several things at once makes room once, and comes back when the last of them is over.

import { Absence } from './absence.ts';
import type { Clock, Source, Turn } from './clock.ts';
import { Timers } from './timers.ts';

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

  after(ms: number, ring: () => void): () => void {
    return this.alarm(this.#now + ms, ring);
  }

  wall(): undefined {
    return undefined;
  }

  pause<T>(wait: () => Promise<T>): Promise<T> {
    return wait();
  }

  async turn<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    await this.#enter();
    const absence = new Absence(
      () => this.#enter(),
      () => this.#leave(),
    );
    const turn: Turn = {
      now: () => this.#now,
      pause: (wait) => absence.during(wait),
      sleepUntil: (at, signal) => turn.pause(() => this.sleepUntil(at, signal)),
    };
    try {
      return await work(turn);
    } finally {
      await absence.end();
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

  /** What keeps time from moving, in words: `nothing` when it may. */
  describe(): string {
    if (this.#running > 0) {
      const waiting = this.#ready.length;
      return `turns that hold time: ${this.#running - waiting}, that wait for a place: ${waiting}`;
    }
    const busy = [...this.#sources].filter((source) => !source.idle()).length;
    if (busy > 0) return `sources with something on its way: ${busy}`;
    return this.#timers.empty ? 'nobody waits for an instant' : 'nothing';
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
