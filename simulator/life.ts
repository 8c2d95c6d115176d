// A process that can be killed: the ports a company is given, through a membrane. Before and after each call the process may
// be ended; from then on nothing it does reaches anything, and nothing ever returns to it. What it had in hand comes back
// to others when the stream's patience ends.

import type { Model } from '../brain/models/model.ts';
import type { Bus, Delivery, PublishOptions } from '../bus/bus.ts';
import type { Clock, Turn } from '../bus/clock.ts';
import type { Draft } from '../bus/messages.ts';
import type { Tools } from '../tools/tools.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => {});

class Ended extends Error {
  override readonly name = 'Ended';
}

export type LifePorts = {
  readonly clock: Clock;
  /** Asked at each call, `before` it has any effect and `after` it had its effect; true ends the process there. */
  readonly kills: (when: 'before' | 'after', call: string) => boolean;
  /** How far this process's clock is ahead of the true one, ms; asked at each look at it. */
  readonly skew: () => number;
  /** Told once, when it is ended by `kills`. */
  readonly ended: () => void;
};

export class Life {
  #dead = false;
  readonly #ports: LifePorts;
  readonly #atEnd = new Set<() => void>();

  constructor(ports: LifePorts) {
    this.#ports = ports;
  }

  get dead(): boolean {
    return this.#dead;
  }

  end(): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const tell of this.#atEnd) tell();
    this.#atEnd.clear();
    this.#ports.ended();
  }

  /** Called at once when the process is ended; returns a function that forgets it. */
  #whenEnded(tell: () => void): () => void {
    if (this.#dead) tell();
    else this.#atEnd.add(tell);
    return () => this.#atEnd.delete(tell);
  }

  /** One call of a port. */
  async call<T>(name: string, run: () => Promise<T>): Promise<T> {
    if (this.#struck('before', name)) return never();
    try {
      const result = await run();
      if (this.#struck('after', name)) return never();
      return result;
    } catch (error) {
      if (this.#dead) return never();
      throw error;
    }
  }

  /** A call that waits for nothing. */
  now(name: string, run: () => void): void {
    if (this.#struck('before', name)) return;
    run();
    this.#struck('after', name);
  }

  #struck(when: 'before' | 'after', name: string): boolean {
    if (!this.#dead && this.#ports.kills(when, name)) this.end();
    return this.#dead;
  }

  /** Work that others wait for: it fails for them when the process is ended. */
  async #held(run: () => Promise<void>): Promise<void> {
    let forget = () => {};
    const ended = new Promise<never>((_, reject) => {
      forget = this.#whenEnded(() => reject(new Ended('the process was ended')));
    });
    try {
      await Promise.race([run(), ended]);
    } finally {
      forget();
    }
  }

  clock(): Clock {
    const { clock, skew } = this.#ports;
    const now = () => clock.now() + skew();
    const sleepUntil = async (at: number, signal?: AbortSignal): Promise<void> => {
      // A jump of the clock moves deadlines, as a wall clock that is set does.
      do await clock.sleepUntil(clock.now() + Math.max(0, at - now()), signal);
      while (!this.#dead && now() < at);
      if (this.#dead) return never();
    };
    return {
      virtual: clock.virtual,
      factor: clock.factor,
      now,
      sleepUntil,
      alarm: (at, ring) =>
        clock.alarm(clock.now() + Math.max(0, at - now()), () => {
          if (!this.#dead) ring();
        }),
      after: (ms, ring) =>
        clock.after(ms, () => {
          if (!this.#dead) ring();
        }),
      wall: (instant) => clock.wall(instant),
      pause: (wait) => clock.pause(wait),
      turn: (work) => this.#turn(work, now, sleepUntil),
      watch: (source) => clock.watch(source),
      poke: () => clock.poke(),
    };
  }

  /** A turn that gives up its place when the process is ended, wherever it is. */
  #turn<T>(work: (turn: Turn) => Promise<T>, now: () => number, sleepUntil: Turn['sleepUntil']): Promise<T> {
    return this.#ports.clock.turn(
      (turn) =>
        new Promise<T>((resolve, reject) => {
          let paused = 0;
          const leave = () => {
            if (paused === 0) reject(new Ended('the process was ended'));
          };
          const forget = this.#whenEnded(leave);
          const pause = async <R>(wait: () => Promise<R>): Promise<R> => {
            paused += 1;
            try {
              return await turn.pause(() => this.#orEnded(wait()));
            } finally {
              paused -= 1;
              if (this.#dead) leave();
              // biome-ignore lint/correctness/noUnsafeFinally: a process that was ended gets neither result nor error.
              if (this.#dead) return never();
            }
          };
          const own: Turn = { now, pause, sleepUntil: (at, signal) => pause(() => sleepUntil(at, signal)) };
          work(own)
            .then(resolve, reject)
            .finally(() => forget());
        }),
    );
  }

  /** Ends a wait with the process. */
  #orEnded<T>(wait: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.#whenEnded(() => reject(new Ended('the process was ended')));
      wait.then(resolve, reject).finally(() => forget());
    });
  }

  /**
   * @param told hears what is published, and how, and what is told, before anything can happen to it
   */
  bus(bus: Bus, told: (draft: Draft, options?: PublishOptions) => void): Bus {
    return {
      company: bus.company,
      publish: (subject, draft, options) =>
        this.call(`publish ${draft.id}`, () => {
          told(draft as Draft, options);
          return bus.publish(subject, draft, options);
        }),
      tell: (subject, draft) => {
        if (this.#dead) return;
        told(draft as Draft);
        bus.tell(subject, draft);
      },
      last: (subject) => this.call(`last ${subject}`, () => bus.last(subject)),
      consume: (spec, handler) => {
        const capacity = () => (this.#dead ? 0 : spec.capacity());
        return this.call(`consume ${spec.durable}`, () =>
          bus.consume({ ...spec, capacity }, (delivery) => this.#held(() => handler(this.#delivery(delivery)))),
        );
      },
      replay: (range) => this.#replay(bus.replay(range)),
      tap: async (range, handler) => {
        const tap = await bus.tap(range, (stored) => {
          if (!this.#dead) handler(stored);
        });
        this.#whenEnded(() => void tap.close());
        return tap;
      },
      putBlob: (bytes) => this.call('put a blob', () => bus.putBlob(bytes)),
      getBlob: (digest) => this.call('get a blob', () => bus.getBlob(digest)),
      info: () => this.call('info', () => bus.info()),
      consumers: () => this.call('consumers', () => bus.consumers()),
      close: async () => {},
    };
  }

  async *#replay<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const message of messages) {
      if (this.#dead) await never();
      yield message;
    }
  }

  #delivery(delivery: Delivery): Delivery {
    const { seq, subject, message, attempt } = delivery;
    return {
      seq,
      subject,
      message,
      attempt,
      ack: () => this.now(`ack ${message.id}`, () => delivery.ack()),
      nak: (delayMs) => this.now(`nak ${message.id}`, () => delivery.nak(delayMs)),
      working: () => {
        if (!this.#dead) delivery.working();
      },
      term: (reason) => this.call(`term ${message.id}`, () => delivery.term(reason)),
    };
  }

  model(model: Model): Model {
    return {
      quote: (question) => model.quote(question),
      think: (question, signal, heard) => this.call(`think ${question.id}`, () => model.think(question, signal, heard)),
    };
  }

  tools({ products, forge, deployer, web }: Tools): Tools {
    return { products: this.tool('products', products), forge: this.tool('forge', forge), deployer, web };
  }

  /** Every method of a tool, as a call that something may happen at. */
  tool<T extends object>(name: string, tool: T): T {
    return new Proxy(tool, {
      get: (target, key) => {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') return method;
        return (...given: unknown[]) =>
          this.call(`${name}.${String(key)}`, async (): Promise<unknown> => method.apply(target, given));
      },
    });
  }
}
