// A line in which one at a time is served, in the order they came.

import type { Turn } from '../../bus/clock.ts';

export class Line {
  #last: Promise<void> | undefined;

  /**
   * Serves the caller when it is their turn.
   * @param turn left while they wait, so that the one in front can go on in theirs; undefined for who is in none
   */
  async stand<T>(turn: Turn | undefined, serve: () => Promise<T>): Promise<T> {
    const before = this.#last;
    let leave = () => {};
    const served = new Promise<void>((resolve) => {
      leave = resolve;
    });
    // Who gives up waiting leaves, and everybody in front is still in front of those behind.
    const mine = before !== undefined ? before.then(() => served) : served;
    this.#last = mine;
    try {
      if (before !== undefined) await (turn ? turn.pause(() => before) : before);
      return await serve();
    } finally {
      leave();
      if (this.#last === mine) this.#last = undefined;
    }
  }
}
