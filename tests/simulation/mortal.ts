// A process that may die: the same ports, each call of which may be the last one. After that everything throws, nothing it
// still holds can be settled, and its time stands still.

import type { Model } from '../../brain/models/model.ts';
import type { Bus, Delivery } from '../../bus/bus.ts';
import type { Tools } from '../../tools/tools.ts';

class Death extends Error {
  override readonly name = 'Death';
}

export class Mortal {
  /** Beginnings and ends of calls so far. */
  calls = 0;
  dead = false;
  /** Calls of tools that have begun and not ended. */
  inside = 0;
  readonly #last: number;
  readonly #died: () => void;

  /**
   * @param last the process dies at the beginning or end of a call after this many
   * @param died called once, at once
   */
  constructor(last: number, died: () => void) {
    this.#last = last;
    this.#died = died;
  }

  /** One beginning or end of a call. */
  step(): void {
    if (!this.dead) {
      this.calls += 1;
      if (this.calls > this.#last) {
        this.dead = true;
        this.#died();
      }
    }
    if (this.dead) throw new Death('this process has died');
  }

  async call<T>(run: () => Promise<T>): Promise<T> {
    this.step();
    const result = await run();
    this.step();
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

/** The bus as a mortal process holds it. */
export function mortalBus(bus: Bus, life: Mortal): Bus {
  return {
    company: bus.company,
    publish: (...given) => life.call(() => bus.publish(...given)),
    tell: (...given) => {
      if (!life.dead) bus.tell(...given);
    },
    last: (subject) => life.call(() => bus.last(subject)),
    consume: (spec, handler) => {
      const capacity = () => (life.dead ? 0 : spec.capacity());
      return bus.consume({ ...spec, capacity }, (delivery) => handler(mortalDelivery(delivery, life)));
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
  return { think: (question, signal) => life.call(() => model.think(question, signal)) };
}

/** Every method of a tool, as a call that may be the last one. */
function mortalTool<T extends object>(tool: T, life: Mortal): T {
  return new Proxy(tool, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) => {
        if (name === 'live') return method.apply(target, given);
        return life.use(async () => method.apply(target, given));
      };
    },
  });
}

export function mortalTools({ products, forge, deployer }: Tools, life: Mortal): Tools {
  return { products: mortalTool(products, life), forge: mortalTool(forge, life), deployer };
}
