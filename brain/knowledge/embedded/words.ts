// Passages by their words: for each stem where it occurs and how often, and BM25 over it (Robertson and Zaragoza, "The
// Probabilistic Relevance Framework", 2009). Rare words count more, a word said ten times not ten times as much, and a long
// passage has to say more.

/** How soon a word that is repeated stops counting. */
const SATURATION = 1.2;
/** How much the length of a passage counts against it, 0 to 1. */
const LENGTH = 0.75;
/** A word of a heading counts as if it stood so often in the text. */
const HEADING = 2;

type Postings = { readonly ids: number[]; readonly counts: number[] };

export class WordIndex {
  readonly #postings = new Map<string, Postings>();
  readonly #lengths: number[] = [];
  #total = 0;

  /** Adds the next passage: its id is the number of those before it. */
  add(heading: readonly string[], text: readonly string[]): void {
    const id = this.#lengths.length;
    const counts = new Map<string, number>();
    const count = (term: string, by: number) => counts.set(term, (counts.get(term) ?? 0) + by);
    for (const term of heading) count(term, HEADING);
    for (const term of text) count(term, 1);
    for (const [term, times] of counts) {
      let postings = this.#postings.get(term);
      if (postings === undefined) {
        postings = { ids: [], counts: [] };
        this.#postings.set(term, postings);
      }
      postings.ids.push(id);
      postings.counts.push(times);
    }
    const length = heading.length + text.length;
    this.#lengths.push(length);
    this.#total += length;
  }

  /** Score of every passage for stems and what each counts; 0: it has none of them. */
  scores(asked: ReadonlyMap<string, number>): Float32Array {
    const scores = new Float32Array(this.#lengths.length);
    const mean = this.#total / Math.max(1, scores.length);
    for (const [term, weight] of asked) {
      const postings = this.#postings.get(term);
      if (postings === undefined) continue;
      const { ids, counts } = postings;
      const worth = weight * Math.log(1 + (scores.length - ids.length + 0.5) / (ids.length + 0.5));
      for (let at = 0; at < ids.length; at += 1) {
        const id = ids[at] ?? 0;
        const times = counts[at] ?? 0;
        const room = SATURATION * (1 - LENGTH + (LENGTH * (this.#lengths[id] ?? 0)) / mean);
        scores[id] = (scores[id] ?? 0) + (worth * times * (SATURATION + 1)) / (times + room);
      }
    }
    return scores;
  }
}
