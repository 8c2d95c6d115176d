// Timers in the order they fall due: a binary heap. Those set for the same instant come out in the order they were set.
// What is cancelled stays inside until it reaches the top, so cancelling costs nothing.

export type Timer = {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
  cancelled: boolean;
};

function sooner(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

export class Timers {
  readonly #heap: Timer[] = [];
  #order = 0;
  #cancelled = 0;

  /** True when nobody waits. */
  get empty(): boolean {
    return this.#heap.length === this.#cancelled;
  }

  /** Sets a timer for an instant (epoch ms). */
  set(at: number, wake: () => void): Timer {
    this.#order += 1;
    const timer: Timer = { at, order: this.#order, wake, cancelled: false };
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    return timer;
  }

  /** Forgets a timer that has not been taken yet; a second time does nothing. */
  cancel(timer: Timer): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    this.#cancelled += 1;
  }

  /** Takes out the timer that is due first. */
  take(): Timer | undefined {
    for (let top = this.#pop(); top; top = this.#pop()) {
      if (!top.cancelled) {
        // Cancelling what was taken changes no count.
        top.cancelled = true;
        return top;
      }
      this.#cancelled -= 1;
    }
    return undefined;
  }

  #pop(): Timer | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (!top || !last) return undefined;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    return top;
  }

  #rise(from: number): void {
    const timer = this.#heap[from];
    if (!timer) return;
    let index = from;
    while (index > 0) {
      const up = (index - 1) >> 1;
      const above = this.#heap[up];
      if (!above || !sooner(timer, above)) break;
      this.#heap[index] = above;
      index = up;
    }
    this.#heap[index] = timer;
  }

  #sink(): void {
    const timer = this.#heap[0];
    if (!timer) return;
    let index = 0;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      const down = right && left && sooner(right, left) ? 2 * index + 2 : 2 * index + 1;
      const below = this.#heap[down];
      if (!below || !sooner(below, timer)) break;
      this.#heap[index] = below;
      index = down;
    }
    this.#heap[index] = timer;
  }
}
