// When a turn of a virtual clock is away. Its waits may overlap: it leaves with the first of them and is back after the last,
// so that it never gives up twice a place that it has once.

export class Absence {
  readonly #enter: () => Promise<void> | undefined;
  readonly #leave: () => void;
  #waiting = 0;
  #entering = false;
  #ended = false;
  #back: Promise<void> | undefined;
  #return: () => void = () => {};

  /**
   * @param enter takes the turn's place again; undefined when there is room at once
   * @param leave gives it up
   */
  constructor(enter: () => Promise<void> | undefined, leave: () => void) {
    this.#enter = enter;
    this.#leave = leave;
  }

  /** Runs a wait while the turn is away; goes on when the turn is back. */
  async during<T>(wait: () => Promise<T>): Promise<T> {
    // What outlives its turn has no place to give up.
    if (this.#ended) return wait();
    if (this.#back === undefined) {
      this.#back = new Promise((resolve) => {
        this.#return = resolve;
      });
      this.#leave();
    }
    const back = this.#back;
    this.#waiting += 1;
    try {
      return await wait();
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0 && !this.#entering) await this.#comeBack();
      else await back;
    }
  }

  async #comeBack(): Promise<void> {
    this.#entering = true;
    await this.#enter();
    this.#entering = false;
    // Somebody began to wait while the turn stood in line: it is away with them.
    if (this.#waiting > 0) {
      this.#leave();
      return this.#back;
    }
    this.#back = undefined;
    this.#return();
  }

  /** Resolves when the turn is here; nobody can leave any more. */
  async end(): Promise<void> {
    await this.#back;
    this.#ended = true;
  }
}
