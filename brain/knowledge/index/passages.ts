// Passages in memory by their words, and the one order that all stores give them in: where the vectors are is their matter.

import type { Category, Passage } from '../passage.ts';
import { blended, byBlocks } from '../ranking.ts';
import type { Hit, Query } from '../store.ts';
import { expanded } from '../synonyms.ts';
import { termsOf } from '../words.ts';
import { WordIndex } from './words.ts';

/** Passages of one order. */
const CANDIDATES = 60;

/** A question to an index: its stems with what each counts, and a score for each passage. */
export type Asked = { readonly asked: ReadonlyMap<string, number>; readonly words: Float32Array };

export class PassageIndex {
  readonly #words = new WordIndex();
  readonly #passages: Passage[] = [];

  get size(): number {
    return this.#passages.length;
  }

  /** Adds the next passage: its id is the number of those before it. */
  add(passage: Passage): number {
    this.#words.add(termsOf(`${passage.source} ${passage.heading ?? ''}`), termsOf(passage.text));
    return this.#passages.push(passage) - 1;
  }

  passage(id: number): Passage | undefined {
    return this.#passages[id];
  }

  /** The words of a question as they are looked for, and what each passage has of them. */
  ask(question: string): Asked {
    const asked = expanded(question);
    return { asked, words: this.#words.scores(asked) };
  }

  /**
   * Best first; passages that say the same are given once.
   * @param closeness of the question to each passage, by id; 0: not near
   */
  search({ asked, words }: Asked, closeness: Float32Array, { limit, category, vectors }: Query): Hit[] {
    const scores = blended(words, closeness, vectors.weight);
    const found = this.best(scores, category).flatMap((id) => {
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

  /** The ids with the highest values above zero, best first; of equals the earlier one. */
  best(values: Float32Array, category?: Category): number[] {
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
