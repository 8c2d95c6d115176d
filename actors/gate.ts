// Lets a few through at a time, in the order they came: a thousand deliveries that all ask the stream at once all wait for
// the last answer, where the first few could be at work already. Everyone who leaves makes room for one more, so that the
// many behind them keep the stream busy.

const FIRST = 8;
const MOST = 256;

export class Gate {
  readonly #waiting: (() => void)[] = [];
  #size = FIRST;
  #room = FIRST;

  /** Waits for a place. Call the result to give it back; calling it again does nothing. */
  async enter(): Promise<() => void> {
    if (this.#room > 0) this.#room -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let inside = true;
    return () => {
      if (inside) this.#leave();
      inside = false;
    };
  }

  #leave(): void {
    this.#room += 1;
    if (this.#size < MOST) {
      this.#size += 1;
      this.#room += 1;
    }
    while (this.#room > 0 && this.#waiting.length > 0) {
      this.#room -= 1;
      this.#waiting.shift()?.();
    }
  }
}
