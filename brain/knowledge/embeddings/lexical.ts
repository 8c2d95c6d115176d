// Vectors that need nothing: each stem of a text, each pair of neighbours and each three letters of a word are hashed to a
// dimension and a sign, and add their weight there. Texts that share words, or parts of words, point in near directions.
// They know nothing of meaning: `car` and `vehicle` are strangers.

import { termsOf } from '../words.ts';
import { type Embeddings, normalised } from './embeddings.ts';

const DIMENSIONS = 384;
/** What a feature weighs against a word. */
const PAIR = 0.5;
const LETTERS = 0.25;

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The vector of a text. Pure. */
export function lexicalVector(text: string): Float32Array {
  const weights = new Map<string, number>();
  const add = (feature: string, weight: number) => weights.set(feature, (weights.get(feature) ?? 0) + weight);
  let before: string | undefined;
  for (const term of termsOf(text)) {
    add(term, 1);
    if (before !== undefined) add(`${before} ${term}`, PAIR);
    for (let index = 0; index + 3 <= term.length; index += 1) add(`~${term.slice(index, index + 3)}`, LETTERS);
    before = term;
  }
  const vector = new Float32Array(DIMENSIONS);
  for (const [feature, weight] of weights) {
    const hash = hashOf(feature);
    const at = hash % DIMENSIONS;
    // A word said ten times is not ten times as much what the text is about.
    const value = Math.log1p(weight) * (hash & 0x10000 ? 1 : -1);
    vector[at] = (vector[at] ?? 0) + value;
  }
  return normalised(vector);
}

export const lexical: Embeddings = {
  name: 'lexical',
  dimensions: DIMENSIONS,
  // They see little that words do not: measured in docs/knowledge.md.
  weight: 0.2,
  batch: 256,
  related: undefined,
  embed: async (texts) => texts.map(lexicalVector),
};
