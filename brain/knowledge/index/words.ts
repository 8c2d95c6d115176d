// Passages by their words: for each stem where it occurs and how often, and BM25 over it (Robertson and Zaragoza, "The
// Probabilistic Relevance Framework", 2009). Rare words count more, a word said ten times not ten times as much, and a long
// passage has to say more.

/** How soon a word that is repeated stops counting. */
const SATURATION = 1.2;
/** How much the length of a passage counts against it, 0 to 1. */
const LENGTH = 0.75;
/** A word of a heading counts as if it stood so often in the text. */
const HEADING = 2;

const GROW_BY = 1.5;
/** No posting: the end of a chain. */
const END = 0;

/** The same numbers in a longer block. */
function grown<T extends Uint32Array | Uint16Array>(block: T, make: (length: number) => T): T {
  const larger = make(Math.ceil(block.length * GROW_BY));
  larger.set(block);
  return larger;
}

/**
 * Postings lie side by side in three blocks of numbers, ten bytes each, and those of one stem are a chain, the newest first:
 * nothing is sorted or moved when a passage is added, and the garbage collector has nothing to look at.
 */
export class WordIndex {
  /** Stem -> its number; `#heads` has where its chain begins. */
  readonly #stems = new Map<string, number>();
  #heads = new Uint32Array(1_024);
  /** How many passages have the stem. */
  #sizes = new Uint32Array(1_024);
  #ids = new Uint32Array(4_096);
  #counts = new Uint16Array(4_096);
  #next = new Uint32Array(4_096);
  /** The next free posting; the one at `END` is none. */
  #free = 1;
  readonly #lengths: number[] = [];
  #total = 0;

  /** Adds the next passage: its id is the number of those before it. */
  add(heading: readonly string[], text: readonly string[]): void {
    const id = this.#lengths.length;
    const counts = new Map<string, number>();
    const count = (term: string, by: number) => counts.set(term, (counts.get(term) ?? 0) + by);
    for (const term of heading) count(term, HEADING);
    for (const term of text) count(term, 1);
    for (const [term, times] of counts) this.#post(this.#stem(term), id, times);
    const length = heading.length + text.length;
    this.#lengths.push(length);
    this.#total += length;
  }

  #stem(term: string): number {
    const known = this.#stems.get(term);
    if (known !== undefined) return known;
    const stem = this.#stems.size;
    this.#stems.set(term, stem);
    if (stem === this.#heads.length) {
      this.#heads = grown(this.#heads, (length) => new Uint32Array(length));
      this.#sizes = grown(this.#sizes, (length) => new Uint32Array(length));
    }
    return stem;
  }

  #post(stem: number, id: number, times: number): void {
    if (this.#free === this.#ids.length) {
      this.#ids = grown(this.#ids, (length) => new Uint32Array(length));
      this.#next = grown(this.#next, (length) => new Uint32Array(length));
      this.#counts = grown(this.#counts, (length) => new Uint16Array(length));
    }
    this.#ids[this.#free] = id;
    // More often than that counts no more (SATURATION).
    this.#counts[this.#free] = Math.min(times, 65_535);
    this.#next[this.#free] = this.#heads[stem] ?? END;
    this.#heads[stem] = this.#free;
    this.#sizes[stem] = (this.#sizes[stem] ?? 0) + 1;
    this.#free += 1;
  }

  /** How much a stem tells passages apart: the fewer have it, the more. 0: none has. */
  rarity(term: string): number {
    const size = this.#sizes[this.#stems.get(term) ?? -1] ?? 0;
    return size === 0 ? 0 : Math.log(1 + (this.#lengths.length - size + 0.5) / (size + 0.5));
  }

  /** Score of every passage for stems and what each counts; 0: it has none of them. */
  scores(asked: ReadonlyMap<string, number>): Float32Array {
    const scores = new Float32Array(this.#lengths.length);
    const mean = this.#total / Math.max(1, scores.length);
    for (const [term, weight] of asked) {
      const stem = this.#stems.get(term);
      if (stem === undefined) continue;
      const worth = weight * this.rarity(term);
      for (let at = this.#heads[stem] ?? END; at !== END; at = this.#next[at] ?? END) {
        const id = this.#ids[at] ?? 0;
        const times = this.#counts[at] ?? 0;
        const room = SATURATION * (1 - LENGTH + (LENGTH * (this.#lengths[id] ?? 0)) / mean);
        scores[id] = (scores[id] ?? 0) + (worth * times * (SATURATION + 1)) / (times + room);
      }
    }
    return scores;
  }
}
