// An answer without a model: the places that say most about a question, word for word.

import type { Passage } from './passage.ts';
import type { Hit } from './store.ts';
import { supporting } from './support.ts';
import { termsOf } from './words.ts';

/** Characters of one quote. */
const QUOTED = 700;

export type Quote = Passage & {
  /** Cosine of the vectors of passage and question. */
  readonly closeness: number;
};

/** What answers a question, best first; none when nothing here does. Pure. */
export function quotesFor(question: string, hits: readonly Hit[], related: number | undefined, count: number): Quote[] {
  return supporting(question, hits, related)
    .slice(0, count)
    .map(({ passage, closeness }) => ({ ...passage, text: excerpt(question, passage.text), closeness }));
}

/** The lines of a passage around those that say most about the question. Pure. */
export function excerpt(question: string, text: string): string {
  if (text.length <= QUOTED) return text;
  const asked = new Set(termsOf(question));
  const lines = text.split(/\n|(?<=[.!?])\s+/);
  const worth = lines.map((line) => termsOf(line).filter((term) => asked.has(term)).length);
  let from = worth.indexOf(Math.max(...worth));
  let to = from + 1;
  const length = () => lines.slice(from, to).join('\n').length;
  while (from > 0 || to < lines.length) {
    const [before, after] = [from, to];
    if (to < lines.length) to += 1;
    if (length() > QUOTED) to = after;
    if (from > 0) from -= 1;
    if (length() > QUOTED) from = before;
    if (from === before && to === after) break;
  }
  const said = lines.slice(from, to).join('\n');
  return `${from > 0 ? '… ' : ''}${said.slice(0, QUOTED)}${to < lines.length || said.length > QUOTED ? ' …' : ''}`;
}
