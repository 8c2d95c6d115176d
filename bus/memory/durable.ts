// A durable of a memory stream: where it is, and what is not settled. It outlives its consumers and the bus.

import type { Held } from '../dispatcher.ts';
import { compileFilters, type Filter } from '../filters.ts';
import type { MemoryStream } from './stream.ts';

export class Durable {
  readonly name: string;
  filters: readonly string[];
  /** Handed out and not settled: in a handler, put off, or given back. */
  readonly unsettled = new Map<number, Held>();
  /** Given back when nobody was left to handle it: handed out first, as a next attempt. */
  #returned: Held[] = [];
  #matching: Filter;
  /** The last sequence looked at. */
  #position = 0;

  constructor(name: string, filters: readonly string[]) {
    this.name = name;
    this.filters = filters;
    this.#matching = compileFilters(filters);
  }

  listenTo(filters: readonly string[]): void {
    this.filters = filters;
    this.#matching = compileFilters(filters);
  }

  next(stream: MemoryStream): Held | undefined {
    const returned = this.#returned.shift();
    if (returned) {
      returned.attempt += 1;
      return returned;
    }
    while (this.#position < stream.lastSeq) {
      this.#position += 1;
      const stored = stream.at(this.#position);
      if (!stored || !this.#matching(stored.subject)) continue;
      const held: Held = { stored, attempt: 1 };
      this.unsettled.set(stored.seq, held);
      return held;
    }
    return undefined;
  }

  /** Gives back everything unsettled, oldest first. */
  giveBack(): void {
    this.#returned = [...this.unsettled.values()].sort((a, b) => a.stored.seq - b.stored.seq);
  }

  settle(held: Held): void {
    this.unsettled.delete(held.stored.seq);
    if (this.#returned.length > 0) this.#returned = this.#returned.filter((other) => other !== held);
  }

  /** Matching messages that were never handed out. */
  pending(stream: MemoryStream): number {
    let count = 0;
    for (let seq = this.#position + 1; seq <= stream.lastSeq; seq += 1) {
      if (this.#matching(stream.at(seq)?.subject ?? '')) count += 1;
    }
    return count;
  }
}
