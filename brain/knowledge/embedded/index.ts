// Passages in memory, searched by words and by vectors: both are one pass over numbers that lie side by side.

import type { Category, Passage } from '../passage.ts';
import { blended, byBlocks } from '../ranking.ts';
import type { Hit, Query } from '../store.ts';
import { expanded } from '../synonyms.ts';
import { termsOf } from '../words.ts';
import { WordIndex } from './words.ts';

/** Passages of one order. */
const CANDIDATES = 60;
const GROW_BY = 1.5;

export class PassageIndex {
  readonly #words = new WordIndex();
  readonly #passages: Passage[] = [];
  readonly #dimensions: number;
  #vectors: Float32Array;

  /** @param expected how many passages will be added; more are taken, too */
  constructor(dimensions: number, expected = 256) {
    this.#dimensions = dimensions;
    this.#vectors = new Float32Array(dimensions * Math.max(1, expected));
  }

  get size(): number {
    return this.#passages.length;
  }

  add(passage: Passage, vector: Float32Array): void {
    const id = this.#passages.push(passage) - 1;
    this.#words.add(termsOf(`${passage.source} ${passage.heading ?? ''}`), termsOf(passage.text));
    const end = this.#passages.length * this.#dimensions;
    if (end > this.#vectors.length) {
      const larger = new Float32Array(Math.ceil(end * GROW_BY));
      larger.set(this.#vectors);
      this.#vectors = larger;
    }
    this.#vectors.set(vector, id * this.#dimensions);
  }

  passage(id: number): Passage | undefined {
    return this.#passages[id];
  }

  /** Best first; passages that say the same are given once. */
  search({ question, vector, limit, category, vectors }: Query): Hit[] {
    const closeness = this.#closeness(vector);
    const asked = expanded(question);
    const scores = blended(this.#words.scores(asked), closeness, vectors.weight);
    const found = this.#best(scores, category).flatMap((id) => {
      const passage = this.#passages[id];
      return passage ? [{ passage, score: scores[id] ?? 0, closeness: closeness[id] ?? 0 }] : [];
    });
    const worth = new Map([...asked].map(([term, weight]) => [term, weight * this.#words.rarity(term)]));
    const hits = new Map<string, Hit>();
    for (const { passage, closeness } of byBlocks(worth, found)) {
      if (!hits.has(passage.text)) hits.set(passage.text, { passage, closeness });
      if (hits.size === limit) break;
    }
    return [...hits.values()];
  }

  /** Ids of the passages nearest to a vector, best first. */
  byVector(vector: Float32Array): number[] {
    return this.#best(this.#closeness(vector), undefined);
  }

  /** Ids of the passages that have the words of a question, best first. */
  byWords(question: string): number[] {
    return this.#best(this.#words.scores(expanded(question)), undefined);
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

  /** The ids with the highest values above zero, best first; of equals the earlier one. */
  #best(values: Float32Array, category: Category | undefined): number[] {
    const best: number[] = [];
    for (let id = 0; id < values.length; id += 1) {
      const value = values[id] ?? 0;
      if (value <= 0 || (category !== undefined && this.#passages[id]?.category !== category)) continue;
      if (best.length === CANDIDATES && value <= (values[best.at(-1) ?? 0] ?? 0)) continue;
      let place = best.length;
      while (place > 0 && (values[best[place - 1] ?? 0] ?? 0) < value) place -= 1;
      best.splice(place, 0, id);
      if (best.length > CANDIDATES) best.pop();
    }
    return best;
  }
}
