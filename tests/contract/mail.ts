// What the contract's tests are written with: messages, and a box to wait at.

import type { Bus, Stored } from '../../bus/bus.ts';
import type { Draft } from '../../bus/messages.ts';

/** A message that says nothing but its id. */
export function goal(id: string): Draft<'brain.metric'> {
  return { id, type: 'brain.metric', source: 'harness', data: { name: id, value: 1 } };
}

/** `m1`, `m2`, ... */
export function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `m${index + 1}`);
}

/** Holds what arrives until somebody takes it; waiting for it is how tests wait. */
export class Mail<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  get waiting(): number {
    return this.#items.length;
  }

  put = (item: T): void => {
    const taker = this.#takers.shift();
    if (taker) taker(item);
    else this.#items.push(item);
  };

  next(): Promise<T> {
    return new Promise((resolve) => {
      if (this.#items.length > 0) resolve(this.#items.shift() as T);
      else this.#takers.push(resolve);
    });
  }

  async take(count: number): Promise<T[]> {
    const taken: T[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }
}

/** Waits until a subject has `count` messages, and returns them. */
export async function until(bus: Bus, subject: string, count: number): Promise<Stored[]> {
  const mail = new Mail<Stored>();
  const tap = await bus.tap({ filter: subject, fromSeq: 1 }, mail.put);
  const found = await mail.take(count);
  await tap.close();
  return found;
}
