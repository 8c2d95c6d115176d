// An answer without a model: the places that say most about a question, word for word.

import { blocksOf, isItem } from './blocks.ts';
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

/** The blocks of a passage around the one that says most about the question, as they stand there. Pure. */
export function excerpt(question: string, text: string): string {
  if (text.length <= QUOTED) return text;
  const asked = new Set(termsOf(question));
  const blocks = blocksOf(text);
  const worth = blocks.map((block) => new Set(termsOf(block).filter((term) => asked.has(term))).size);
  const best = worth.indexOf(Math.max(...worth));
  const item = isItem(blocks[best] ?? '');
  let [from, to] = [best, best + 1];
  const part = () => blocks.slice(from, to).join('');
  // An item of a list is understood alone; its neighbours are quoted when they say something, too.
  const joins = (at: number) =>
    at in blocks && (!item || (worth[at] ?? 0) > 0) && part().length + (blocks[at]?.length ?? 0) <= QUOTED;
  for (let grows = true; grows; ) {
    grows = false;
    if (joins(to)) [to, grows] = [to + 1, true];
    if (joins(from - 1)) [from, grows] = [from - 1, true];
  }
  const said = part().replace(/^\n+|\s+$/g, '');
  const cut = said.length > QUOTED ? `${said.slice(0, said.lastIndexOf(' ', QUOTED))} …` : said;
  return `${from > 0 ? '…\n' : ''}${cut}${cut === said && to < blocks.length ? '\n…' : ''}`;
}
