// Whether a passage says something about a question: what makes the difference between an answer and a guess.

import type { Passage } from './passage.ts';
import type { Hit } from './store.ts';
import { termsOf } from './words.ts';

/** More than half of the words of a question: a passage with fewer does not answer it by itself. Measured: docs/knowledge.md. */
export const SUPPORTS = 0.55;

/** Share of the question's words, 0 to 1, that the passage or its headings have. Pure. */
export function supportOf(question: string, { text, heading, source }: Passage): number {
  const asked = new Set(termsOf(question));
  if (asked.size === 0) return 0;
  const said = new Set(termsOf(`${source} ${heading ?? ''} ${text}`));
  return [...asked].filter((term) => said.has(term)).length / asked.size;
}

/**
 * Hits that have anything to do with the question: a word in common, or a vector near enough.
 * @param related cosine from which the embeddings in use mean the same thing; undefined: words only
 */
export function relevant(question: string, hits: readonly Hit[], related: number | undefined): Hit[] {
  return hits.filter(
    ({ passage, closeness }) => supportOf(question, passage) > 0 || (related !== undefined && closeness >= related),
  );
}

/** Hits that support an answer by themselves. */
export function supporting(question: string, hits: readonly Hit[], related: number | undefined): Hit[] {
  return hits.filter(
    ({ passage, closeness }) =>
      supportOf(question, passage) >= SUPPORTS || (related !== undefined && closeness >= related),
  );
}
