// A durable of a memory stream: where it is, and what is not settled. It outlives its consumers and the bus, and several
// buses, each a process, may take from it at once.

import type { Stored } from '../bus.ts';
import type { Held } from '../dispatcher.ts';
import { compileFilters, type Filter } from '../filters.ts';
import type { MemoryStream } from './stream.ts';

/** A message that one of the buses has. */
export type Taken = Held & { holder: object };

export class Durable {
  readonly name: string;
  filters: readonly string[];
  /** Handed out and not settled: in a handler, put off, or given back. Of several copies the newest is here. */
  readonly unsettled = new Map<number, Taken>();
  /** Given back when nobody was left to handle it: handed out first, as a next attempt. */
  #returned: Taken[] = [];
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

  /** Whether messages on any of these subjects are for it. */
  takesAny(subjects: readonly string[]): boolean {
    return subjects.some(this.#matching);
  }

  /** @param holder who takes it: a bus */
  next(stream: MemoryStream, holder: object = this): Taken | undefined {
    const returned = this.#returned.shift();
    if (returned) {
      returned.attempt += 1;
      returned.holder = holder;
      return returned;
    }
    const stored = this.#waiting(stream);
    if (!stored) return undefined;
    this.#position = stored.seq;
    const taken: Taken = { stored, attempt: 1, holder };
    this.unsettled.set(stored.seq, taken);
    return taken;
  }

  /** Goes past what is for others. Returns the first message that was never handed out. */
  #waiting(stream: MemoryStream): Stored | undefined {
    for (let stored = stream.at(this.#position + 1); stored; stored = stream.at(this.#position + 1)) {
      if (this.#matching(stored.subject)) return stored;
      this.#position = stored.seq;
    }
    return undefined;
  }

  /** Gives back everything unsettled, oldest first; with a holder only what that one has. */
  giveBack(holder?: object): void {
    const waiting = new Set(this.#returned);
    const back = [...this.unsettled.values()].filter((one) => !holder || one.holder === holder || waiting.has(one));
    this.#returned = back.sort((a, b) => a.stored.seq - b.stored.seq);
  }

  /** Has a message handed out again although somebody holds it: a copy, as the next attempt. */
  repeat({ stored, attempt, holder }: Taken): void {
    const copy: Taken = { stored, attempt, holder };
    this.unsettled.set(stored.seq, copy);
    this.#returned.push(copy);
  }

  /** Whether settling it settles the message: not when a later copy has been handed out. */
  isCurrent(held: Held): boolean {
    const newest = this.unsettled.get(held.stored.seq);
    return newest === held || (newest !== undefined && this.#returned.includes(newest));
  }

  /** Settles the message, whoever has it. */
  settle(held: Held): void {
    const { seq } = held.stored;
    this.unsettled.delete(seq);
    if (this.#returned.length > 0) this.#returned = this.#returned.filter((other) => other.stored.seq !== seq);
  }

  /** Everything up to here is settled. */
  floor(stream: MemoryStream): number {
    this.#waiting(stream);
    return Math.min(this.#position, ...[...this.unsettled.keys()].map((seq) => seq - 1));
  }

  /** Begins after a sequence, for a durable of another stream that goes on here. */
  startAfter(seq: number): void {
    this.#position = seq;
  }

  /** Matching messages that were never handed out. */
  pending(stream: MemoryStream): number {
    const first = this.#waiting(stream);
    if (!first) return 0;
    let count = 1;
    for (let seq = first.seq + 1; seq <= stream.lastSeq; seq += 1) {
      if (this.#matching(stream.at(seq)?.subject ?? '')) count += 1;
    }
    return count;
  }
}
