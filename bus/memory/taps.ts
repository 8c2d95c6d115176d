// The taps of one memory bus. Each sees every matching message once, in order; with bad habits later than it was stored.

import type { Stored } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { outOfBand } from '../dispatcher.ts';
import type { Filter } from '../filters.ts';
import type { Habits } from './habits.ts';

export type Tap = { readonly matching: Filter; readonly handler: (stored: Stored) => void };

export class Taps {
  readonly #clock: Clock;
  readonly #habits: Habits | undefined;
  #taps: Tap[] = [];
  /** What is late, with those behind it. */
  readonly #late: { readonly stored: Stored; readonly due: number }[] = [];

  constructor(clock: Clock, habits: Habits | undefined) {
    this.#clock = clock;
    this.#habits = habits;
  }

  /** What is stored and not shown yet begins here; a tap that is opened now gets it when the others do. */
  get firstLate(): number | undefined {
    return this.#late[0]?.stored.seq;
  }

  add(tap: Tap): () => void {
    this.#taps = [...this.#taps, tap];
    return () => {
      this.#taps = this.#taps.filter((other) => other !== tap);
    };
  }

  clear(): void {
    this.#taps = [];
    this.#late.length = 0;
  }

  show(stored: Stored): void {
    if (this.#habits) this.#showLate(stored, this.#habits);
    else this.#show(stored);
  }

  #show(stored: Stored): void {
    for (const tap of this.#taps) if (tap.matching(stored.subject)) outOfBand(() => tap.handler(stored));
  }

  #showLate(stored: Stored, habits: Habits): void {
    const now = this.#clock.now();
    const due = Math.max(now + habits.tapLagMs(stored), habits.cutUntil(now) ?? now, this.#late.at(-1)?.due ?? now);
    if (due <= now && this.#late.length === 0) {
      this.#show(stored);
      return;
    }
    this.#late.push({ stored, due });
    if (this.#late.length === 1) this.#wait();
  }

  #wait(): void {
    const first = this.#late[0];
    if (first)
      this.#clock.sleepUntil(first.due).then(
        () => this.#catchUp(),
        () => {},
      );
  }

  #catchUp(): void {
    const now = this.#clock.now();
    for (let first = this.#late[0]; first && first.due <= now; first = this.#late[0]) {
      this.#late.shift();
      this.#show(first.stored);
    }
    this.#wait();
  }
}
