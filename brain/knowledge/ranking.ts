// One order from two: by words and by vectors. Their scores cannot be compared, so each counts as a share of the best one of
// its kind. Places alone (reciprocal rank fusion) did worse here: they forget how far the first is in front. Of those in front
// the ones come first that say what is asked in one place, not here and there.

import { blocksOf } from './blocks.ts';
import type { Passage } from './passage.ts';
import { termsOf } from './words.ts';

/**
 * Scores of all passages together; one below zero counts as zero. Pure.
 * @param weight of the closeness beside the words; 1: as much
 */
export function blended(words: ArrayLike<number>, closeness: ArrayLike<number>, weight: number): Float32Array {
  const [mostWords, mostClose] = [highest(words), highest(closeness)];
  const scores = new Float32Array(words.length);
  for (let id = 0; id < scores.length; id += 1) {
    const near = Math.max(0, closeness[id] ?? 0) / mostClose;
    scores[id] = Math.max(0, words[id] ?? 0) / mostWords + weight * near;
  }
  return scores;
}

/** What the best block of a passage counts beside its words. Measured: docs/knowledge.md. */
const BLOCK = 0.5;
/** Passages whose blocks are looked at: to read their words takes time. */
const LOOKED_AT = 30;
/** BM25 over blocks, which are short: their length counts less, and a word of the heading is half said in each. */
const SATURATION = 1.2;
const LENGTH = 0.3;
const USUAL_WORDS = 25;
const HEADING = 0.5;

/**
 * The same passages, those first that say what is asked in one place. Pure.
 * @param candidates best first
 * @param asked stems, and what each is worth
 */
export function byBlocks(asked: ReadonlyMap<string, number>, candidates: readonly Scored[]): Scored[] {
  const best = candidates.slice(0, LOOKED_AT).map(({ passage }) => bestBlock(asked, passage));
  const most = highest(best);
  return candidates
    .map((one, at) => ({ ...one, score: one.score + (BLOCK * (best[at] ?? 0)) / most }))
    .toSorted((one, other) => other.score - one.score);
}

export type Scored = { readonly passage: Passage; readonly score: number; readonly closeness: number };

function bestBlock(asked: ReadonlyMap<string, number>, { source, heading = '', text }: Passage): number {
  const above = new Set(termsOf(`${source} ${heading}`));
  let most = 0;
  for (const block of blocksOf(text)) {
    const terms = termsOf(block);
    const counts = new Map<string, number>();
    for (const term of terms) if (asked.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1);
    const room = SATURATION * (1 - LENGTH + (LENGTH * terms.length) / USUAL_WORDS);
    let sum = 0;
    for (const [term, worth] of asked) {
      const times = (counts.get(term) ?? 0) + (above.has(term) ? HEADING : 0);
      sum += (worth * times * (SATURATION + 1)) / (times + room);
    }
    most = Math.max(most, sum);
  }
  return most;
}

/** At least so much that dividing by it is safe. */
function highest(scores: ArrayLike<number>): number {
  let most = 1e-9;
  for (let id = 0; id < scores.length; id += 1) most = Math.max(most, scores[id] ?? 0);
  return most;
}
