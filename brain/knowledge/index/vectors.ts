// Vectors in memory beside the passages that they belong to: one block of numbers, all of them compared with each question.

import type { Passage } from '../passage.ts';
import type { Hit, Query } from '../store.ts';
import { PassageIndex } from './passages.ts';

const GROW_BY = 1.5;

export class VectorIndex {
  readonly passages = new PassageIndex();
  readonly #dimensions: number;
  #vectors: Float32Array;

  /** @param expected how many passages will be added; more are taken, too */
  constructor(dimensions: number, expected = 256) {
    this.#dimensions = dimensions;
    this.#vectors = new Float32Array(dimensions * Math.max(1, expected));
  }

  add(passage: Passage, vector: Float32Array): void {
    const id = this.passages.add(passage);
    const end = (id + 1) * this.#dimensions;
    if (end > this.#vectors.length) {
      const larger = new Float32Array(Math.ceil(end * GROW_BY));
      larger.set(this.#vectors);
      this.#vectors = larger;
    }
    this.#vectors.set(vector, id * this.#dimensions);
  }

  /** Best first; passages that say the same are given once. */
  search(query: Query): Hit[] {
    return this.passages.search(this.passages.ask(query.question), this.#closeness(query.vector), query);
  }

  /** Ids of the passages that have the words of a question, best first. */
  byWords(question: string): number[] {
    return this.passages.best(this.passages.ask(question).words);
  }

  /** Ids of the passages nearest to a vector, best first. */
  byVector(vector: Float32Array): number[] {
    return this.passages.best(this.#closeness(vector));
  }

  /** Cosine with every passage. */
  #closeness(vector: Float32Array): Float32Array {
    const found = new Float32Array(this.passages.size);
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
