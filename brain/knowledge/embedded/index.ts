// Passages in memory, searched by words (Orama, BM25) and by vectors (one block of floats, read from end to end).

import { create, insert, type Orama, search, type Tokenizer } from '@orama/orama';
import type { Category, Passage } from '../passage.ts';
import { fused } from '../ranking.ts';
import type { Hit, Query } from '../store.ts';
import { termsOf } from '../words.ts';

/** Both lists are cut here before they are fused. */
const CANDIDATES = 60;
/** A heading says in few words what a passage is about. */
const HEADING_BOOST = 2;
/** What the order by vectors counts beside the order by words. */
const VECTORS_COUNT = 0.5;
/** Words of a question that are looked up, the rarest first. */
const LOOKED_UP = 12;
/** Words in a larger share of all passages are left out where there are rarer ones. */
const COMMON_SHARE = 0.2;
const GROW_BY = 1.5;
/** Ends each word in the index: without it Orama would take any word that begins like one asked for. */
const END = '\u0001';

const schema = { heading: 'string', text: 'string' } as const;

const tokenizer: Tokenizer = {
  language: 'english',
  normalizationCache: new Map(),
  tokenize: (text) => text.split(' ').filter((term) => term !== ''),
};

/** A text as the index takes it. */
const asTerms = (terms: readonly string[]): string => terms.map((term) => `${term}${END}`).join(' ');

export class PassageIndex {
  readonly #words: Orama<typeof schema> = create({ schema, components: { tokenizer } });
  readonly #passages: Passage[] = [];
  /** Passages in which a stem occurs. */
  readonly #holders = new Map<string, number>();
  readonly #dimensions: number;
  #vectors: Float32Array;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#vectors = new Float32Array(dimensions * 256);
  }

  get size(): number {
    return this.#passages.length;
  }

  add(passage: Passage, vector: Float32Array): void {
    const id = this.#passages.push(passage) - 1;
    const heading = termsOf(passage.heading ?? '');
    const text = termsOf(passage.text);
    for (const term of new Set([...heading, ...text])) this.#holders.set(term, (this.#holders.get(term) ?? 0) + 1);
    // Nothing of it is asynchronous without hooks; there are none.
    void insert(this.#words, { id: String(id), heading: asTerms(heading), text: asTerms(text) });
    const end = this.#passages.length * this.#dimensions;
    if (end > this.#vectors.length) {
      const larger = new Float32Array(Math.ceil(end * GROW_BY));
      larger.set(this.#vectors);
      this.#vectors = larger;
    }
    this.#vectors.set(vector, id * this.#dimensions);
  }

  /** Best first; passages that say the same are given once. */
  async search({ question, vector, limit, category }: Query): Promise<Hit[]> {
    const wanted = (id: number) => category === undefined || this.#passages[id]?.category === category;
    const closeness = this.#closeness(vector);
    const near = nearest(closeness, CANDIDATES, wanted);
    const words = await this.#byWords(question, category);
    const order = fused([
      { ids: words, weight: 1 },
      { ids: near, weight: VECTORS_COUNT },
    ]);
    const hits: Hit[] = [];
    const said = new Set<string>();
    for (const id of order) {
      const passage = this.#passages[id];
      if (passage === undefined || said.has(passage.text)) continue;
      said.add(passage.text);
      hits.push({ passage, closeness: closeness[id] ?? 0 });
      if (hits.length === limit) break;
    }
    return hits;
  }

  async #byWords(question: string, category: Category | undefined): Promise<number[]> {
    const terms = this.#worthAsking(question);
    if (terms.length === 0) return [];
    const found = await search(this.#words, {
      term: asTerms(terms),
      limit: category === undefined ? CANDIDATES : this.size,
      threshold: 1,
      boost: { heading: HEADING_BOOST },
    });
    const ids = found.hits.map(({ id }) => Number(id));
    if (category === undefined) return ids;
    return ids.filter((id) => this.#passages[id]?.category === category).slice(0, CANDIDATES);
  }

  /** The stems of a question that tell passages apart: the rare ones. */
  #worthAsking(question: string): string[] {
    const known = [...new Set(termsOf(question))].flatMap((term) => {
      const held = this.#holders.get(term);
      return held === undefined ? [] : [{ term, held }];
    });
    const rare = known.filter(({ held }) => held <= this.size * COMMON_SHARE || held <= CANDIDATES);
    const asked = rare.length >= 2 ? rare : known;
    return asked
      .toSorted((one, other) => one.held - other.held)
      .slice(0, LOOKED_UP)
      .map(({ term }) => term);
  }

  /** Cosine with every passage. */
  #closeness(vector: Float32Array): Float32Array {
    const found = new Float32Array(this.size);
    const all = this.#vectors;
    const width = this.#dimensions;
    for (let id = 0, at = 0; id < found.length; id += 1) {
      let sum = 0;
      for (let index = 0; index < width; index += 1, at += 1) sum += (all[at] ?? 0) * (vector[index] ?? 0);
      found[id] = sum;
    }
    return found;
  }
}

/** The `count` ids with the highest value above zero, best first. */
function nearest(values: Float32Array, count: number, wanted: (id: number) => boolean): number[] {
  const best: number[] = [];
  for (let id = 0; id < values.length; id += 1) {
    const value = values[id] ?? 0;
    if (value <= 0 || !wanted(id)) continue;
    if (best.length === count && value <= (values[best.at(-1) ?? 0] ?? 0)) continue;
    let place = best.length;
    while (place > 0 && (values[best[place - 1] ?? 0] ?? 0) < value) place -= 1;
    best.splice(place, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}
