// The longest a step may take. A step that is past it loses its delivery's patience: its signal is aborted, what it still
// waits for is let go, and the failure goes up the ladder like any other of the environment.
//
// A clock that runs faster than the wall shortens the waits on it, but not what programs do: at a thousand times the speed a
// test run of two seconds would be half an hour. So a step is given the company's time for its waits and the wall's for the rest.

import type { Clock, Turn } from '../bus/clock.ts';
import { WorkFailure } from './duty.ts';

/** How long an aborted step may take to end what it has begun, such as a child process, in ms. */
const GRACE_MS = 5_000;

function said(ms: number): string {
  const [unit, size] = ms % 60_000 === 0 ? ['minutes', 60_000] : ['seconds', 1_000];
  return `${ms / size} ${unit}`;
}

/** The signal of one step, made when somebody asks for it: making one takes longer than most steps. */
class StepSignal {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  readonly #leaving = new Set<(reason: unknown) => void>();

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
    for (const leave of this.#leaving) leave(this.#aborted.reason);
  }

  /** What is waited for, unless the step is aborted first; then nothing is begun. */
  async unlessAborted<T>(wait: () => Promise<T>): Promise<T> {
    if (this.#aborted) throw this.#aborted.reason;
    let leave = (_: unknown) => {};
    const left = new Promise<never>((_, reject) => {
      leave = reject;
    });
    this.#leaving.add(leave);
    try {
      return await Promise.race([wait(), left]);
    } finally {
      this.#leaving.delete(leave);
    }
  }
}

/** What a step waits: rings when its waits have taken so long together. */
class Waits {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #leftMs: number;
  #going = 0;
  #end = () => {};

  constructor(clock: Clock, ms: number, ring: () => void) {
    this.#clock = clock;
    this.#leftMs = ms;
    this.#ring = ring;
  }

  async during<T>(wait: () => Promise<T>): Promise<T> {
    if (this.#going === 0) this.#begin();
    this.#going += 1;
    try {
      return await wait();
    } finally {
      this.#going -= 1;
      if (this.#going === 0) this.#end();
    }
  }

  #begin(): void {
    const began = this.#clock.now();
    const cancel = this.#clock.after(this.#leftMs, this.#ring);
    this.#end = () => {
      cancel();
      this.#leftMs -= this.#clock.now() - began;
    };
  }
}

/** The limit of the step that runs now. One a piece of work: its steps come one after the other. */
export class StepLimit {
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #signal: AbortSignal;
  readonly #ms: number;
  #current: StepSignal | undefined;
  #waits: Waits | undefined;

  /**
   * @param signal aborted when the process must stop
   * @param ms the longest a step may take: what it waits of the company's time, and what it works of the wall's, each in ms
   */
  constructor(clock: Clock, turn: Turn, signal: AbortSignal, ms: number) {
    this.#clock = clock;
    this.#turn = turn;
    this.#signal = signal;
    this.#ms = ms;
  }

  /** Aborted when the process must stop, or the step that runs is past its limit. */
  get signal(): AbortSignal {
    return this.#current?.signal ?? this.#signal;
  }

  /** The turn as a step may use it: whatever it waits for is let go when the step is past its limit. */
  readonly turn: Turn = {
    now: () => this.#turn.now(),
    sleepUntil: (at, signal) => {
      const current = this.#current?.signal;
      if (current === undefined) return this.#turn.sleepUntil(at, signal);
      const either = signal === undefined || signal === current ? current : AbortSignal.any([signal, current]);
      return this.#waiting(() => this.#turn.sleepUntil(at, either));
    },
    pause: (wait) => {
      const current = this.#current;
      if (current === undefined) return this.#turn.pause(wait);
      return this.#waiting(() => this.#turn.pause(() => current.unlessAborted(wait)));
    },
  };

  #waiting<T>(wait: () => Promise<T>): Promise<T> {
    return this.#waits === undefined ? wait() : this.#waits.during(wait);
  }

  /** Runs one step. Throws WorkFailure (`environment`) when it takes longer. */
  async during<T>(step: string, run: () => Promise<T>): Promise<T> {
    const clock = this.#clock;
    const before = this.#current;
    const current = new StepSignal();
    const stop = () => current.abort(this.#signal.reason);
    let late: WorkFailure | undefined;
    let leave = (_: WorkFailure) => {};
    const left = new Promise<never>((_, reject) => {
      leave = reject;
    });
    const expire = () => {
      const failure = new WorkFailure({
        kind: 'environment',
        reason: `step ${step} took longer than ${said(this.#ms)}`,
      });
      late = failure;
      current.abort(failure);
      // Virtual time passes only while a step waits, and then it is let go (`turn`). In real time a step may be deaf to
      // its signal; after a grace it is left to itself.
      if (!clock.virtual) cancel = clock.after(GRACE_MS * clock.factor, () => leave(failure));
    };
    let cancel = clock.after(this.#ms * clock.factor, expire);
    // At the wall's speed, and in simulated time, that is the limit of the waits as well.
    if (clock.factor !== 1) this.#waits = new Waits(clock, this.#ms, expire);
    this.#signal.addEventListener('abort', stop);
    if (this.#signal.aborted) stop();
    this.#current = current;
    try {
      const result = await (clock.virtual ? run() : Promise.race([run(), left]));
      if (late) throw late;
      return result;
    } catch (error) {
      this.#signal.throwIfAborted();
      throw late ?? error;
    } finally {
      this.#current = before;
      this.#waits = undefined;
      this.#signal.removeEventListener('abort', stop);
      cancel();
    }
  }
}
