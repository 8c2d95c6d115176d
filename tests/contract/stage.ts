// What the parts of the contract stand on: a bus that may be opened again, and short words for using it.

import type { Bus, Consumer, ConsumerSpec, Delivery, Stored } from '../../bus/bus.ts';
import type { Clock, Turn } from '../../bus/clock.ts';

export type World = {
  bus: Bus;
  clock: Clock;
  /** Closes the bus and opens another on the same storage. */
  restart(): Promise<Bus>;
  destroy(): Promise<void>;
};

/** When the worlds' clocks begin. */
export const START = Date.UTC(2030, 0, 1);

/** The world of the test that runs. */
export class Stage {
  world: World | undefined;

  #open(): World {
    if (!this.world) throw new Error('no test runs');
    return this.world;
  }

  get bus(): Bus {
    return this.#open().bus;
  }

  get clock(): Clock {
    return this.#open().clock;
  }

  async restart(): Promise<void> {
    const world = this.#open();
    world.bus = await world.restart();
  }

  /** Consumes; each delivery is handled in a turn, as hosts do. */
  consume(
    handle: (delivery: Delivery, turn: Turn) => unknown,
    changes: Partial<ConsumerSpec> = {},
    bus: Bus = this.bus,
  ): Promise<Consumer> {
    const spec = { durable: 'cto', filters: ['brain.>'], capacity: () => 1, ackWaitMs: 60_000, ...changes };
    return bus.consume(spec, (delivery) =>
      this.clock.turn(async (turn) => {
        await handle(delivery, turn);
      }),
    );
  }

  async read(range: Parameters<Bus['replay']>[0]): Promise<Stored[]> {
    const found: Stored[] = [];
    for await (const stored of this.bus.replay(range)) found.push(stored);
    return found;
  }
}
