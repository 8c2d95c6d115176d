// A process that things happen to: the same ports, but at one of its calls it may die, or hang. After its death everything
// throws, nothing it still holds can be settled. While it hangs nobody keeps its deliveries alive, so others get them; then
// it goes on as if nothing had been.

import type { Model } from '../../brain/models/model.ts';
import type { Bus, Delivery } from '../../bus/bus.ts';
import type { Clock } from '../../bus/clock.ts';
import { patient } from '../../bus/memory/patience.ts';
import type { Tools } from '../../tools/tools.ts';

class Death extends Error {
  override readonly name = 'Death';
}

/** What happens to a process, at the beginning or end of which call; nothing when it says nothing. */
export type Fate = { readonly dies?: number; readonly hangs?: number };

/** Longer than a delivery may be unsettled, and than the work that is then done again, ms. */
const HANGS_MS = 20 * 60_000;

export class Mortal {
  /** Beginnings and ends of calls so far. */
  calls = 0;
  dead = false;
  /** Calls of tools that have begun and not ended. */
  inside = 0;
  readonly #fate: Fate;
  #safe = false;
  readonly #clock: Clock;
  readonly #struck: () => void;
  /** The clock of this process, and a wait that does not hold the time of others. */
  readonly #patience: ReturnType<typeof patient>;
  #hangsUntil: number | undefined;
  #waiting = 0;
  #letGo: (() => void)[] = [];

  /**
   * @param struck called when it dies or hangs, at once
   */
  constructor(fate: Fate, clock: Clock, struck: () => void) {
    this.#fate = fate;
    this.#clock = clock;
    this.#struck = struck;
    this.#patience = fate.hangs === undefined ? { clock, wait: (at) => clock.sleepUntil(at) } : patient(clock);
  }

  /** From now on nothing happens to it. */
  spare(): void {
    this.#safe = true;
  }

  /** Until the last of its calls goes on. */
  get hangs(): boolean {
    return this.#isHanging || this.#waiting > 0;
  }

  get #isHanging(): boolean {
    return this.#hangsUntil !== undefined && this.#clock.now() < this.#hangsUntil;
  }

  /** One beginning or end of a call. */
  step(): void {
    if (!this.dead && !this.#safe) {
      this.calls += 1;
      if (this.calls > (this.#fate.dies ?? Number.POSITIVE_INFINITY)) {
        this.dead = true;
        this.#struck();
      } else if (this.calls > (this.#fate.hangs ?? Number.POSITIVE_INFINITY) && this.#hangsUntil === undefined) {
        this.#hangsUntil = this.#clock.now() + HANGS_MS;
        this.#struck();
        for (const letGo of this.#letGo) letGo();
      }
    }
    if (this.dead) throw new Death('this process has died');
  }

  /** Waits out a hang. */
  async #wait(): Promise<void> {
    const until = this.#hangsUntil;
    if (until === undefined || !this.#isHanging) return;
    this.#waiting += 1;
    await this.#patience.wait(until);
    this.#waiting -= 1;
  }

  async call<T>(run: () => Promise<T>): Promise<T> {
    this.step();
    if (this.#hangsUntil !== undefined) await this.#wait();
    const result = await run();
    this.step();
    if (this.#hangsUntil !== undefined) await this.#wait();
    return result;
  }

  async use<T>(run: () => Promise<T>): Promise<T> {
    this.inside += 1;
    try {
      return await this.call(run);
    } finally {
      this.inside -= 1;
    }
  }

  settle<T>(run: () => T): T {
    this.step();
    const result = run();
    this.step();
    return result;
  }

  /** The handler's delivery, as the stream sees it: unsettled and out of its hands when it hangs. */
  hold(run: () => Promise<void>): Promise<void> {
    return Promise.race([run(), new Promise<void>((resolve) => void this.#letGo.push(resolve))]);
  }

  /** The clock of this process, which knows in which turn a call is made. */
  clock(): Clock {
    return this.#patience.clock;
  }
}

function mortalDelivery(delivery: Delivery, life: Mortal): Delivery {
  const { seq, subject, message, attempt } = delivery;
  return {
    seq,
    subject,
    message,
    attempt,
    ack: () => life.settle(() => delivery.ack()),
    nak: (delayMs) => life.settle(() => delivery.nak(delayMs)),
    working: () => delivery.working(),
    term: (reason) => life.call(() => delivery.term(reason)),
  };
}

/** The bus as such a process holds it. */
export function mortalBus(bus: Bus, life: Mortal): Bus {
  return {
    company: bus.company,
    publish: (...given) => life.call(() => bus.publish(...given)),
    tell: (...given) => {
      if (!life.dead) bus.tell(...given);
    },
    last: (subject) => life.call(() => bus.last(subject)),
    consume: (spec, handler) => {
      const capacity = () => (life.dead || life.hangs ? 0 : spec.capacity());
      return bus.consume({ ...spec, capacity }, (delivery) => life.hold(() => handler(mortalDelivery(delivery, life))));
    },
    async *replay(range) {
      life.step();
      yield* bus.replay(range);
    },
    tap: (...given) => bus.tap(...given),
    putBlob: (bytes) => life.call(() => bus.putBlob(bytes)),
    getBlob: (digest) => life.call(() => bus.getBlob(digest)),
    info: () => bus.info(),
    consumers: () => bus.consumers(),
    close: () => bus.close(),
  };
}

export function mortalModel(model: Model, life: Mortal): Model {
  return {
    quote: (question) => model.quote(question),
    think: (question, signal, heard) => life.call(() => model.think(question, signal, heard)),
  };
}

/** Every method of a tool, as a call that something may happen at. */
function mortalTool<T extends object>(tool: T, life: Mortal): T {
  return new Proxy(tool, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) => life.use(async () => method.apply(target, given));
    },
  });
}

export function mortalTools({ products, forge, deployer, web }: Tools, life: Mortal): Tools {
  return { products: mortalTool(products, life), forge: mortalTool(forge, life), deployer, web };
}
