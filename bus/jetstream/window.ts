// What is under way, at most so much of it; the rest waits in line, in order.

/**
 * Taken out, at least, before the rest moves to a new map. V8 links each table that a map has outgrown to the one that followed it, so
 * once one of them is in the old generation, every later one and what it held stays in memory until everything is collected.
 */
const TAKEN_OUT = 32;

export class Window<T extends { readonly n: number }> {
  readonly #size: number;
  readonly #start: (item: T) => void;
  #open = new Map<number, T>();
  #takenOut = 0;
  #line: T[] = [];
  #head = 0;

  /** @param start begins an item once there is room */
  constructor(size: number, start: (item: T) => void) {
    this.#size = size;
    this.#start = start;
  }

  /** Items under way and in line. */
  get count(): number {
    return this.#open.size + this.#line.length - this.#head;
  }

  get(n: number): T | undefined {
    return this.#open.get(n);
  }

  /** The oldest that is under way. */
  get first(): T | undefined {
    const [first] = this.#open.values();
    return first;
  }

  /** Those under way, oldest first; not the line. */
  underWay(): T[] {
    return [...this.#open.values()];
  }

  add(item: T): void {
    if (this.#open.size < this.#size) this.#begin(item);
    else this.#line.push(item);
  }

  /** Takes out what is under way and begins the next in line. False when it was taken out before. */
  remove({ n }: T): boolean {
    if (!this.#open.delete(n)) return false;
    this.#takenOut += 1;
    if (this.#takenOut >= Math.max(TAKEN_OUT, this.#open.size)) this.#renew();
    const next = this.#line[this.#head];
    if (!next) return true;
    this.#head += 1;
    if (this.#head * 2 > this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
    }
    this.#begin(next);
    return true;
  }

  /** Takes out everything, and says what it was. */
  clear(): T[] {
    const all = [...this.#open.values(), ...this.#line.slice(this.#head)];
    this.#open.clear();
    this.#line = [];
    this.#head = 0;
    return all;
  }

  #renew(): void {
    this.#open = new Map(this.#open);
    this.#takenOut = 0;
  }

  #begin(item: T): void {
    this.#open.set(item.n, item);
    this.#start(item);
  }
}
