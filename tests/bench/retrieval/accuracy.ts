// How often the passage that answers a question is among the first five, and how far in front.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lexical, lexicalVector } from '../../../brain/knowledge/embeddings/lexical.ts';
import { VectorIndex } from '../../../brain/knowledge/index/vectors.ts';
import type { Passage } from '../../../brain/knowledge/passage.ts';
import { quotesFor } from '../../../brain/knowledge/quotes.ts';
import { usualLimits } from '../../../brain/knowledge/reading/document.ts';
import { parse } from '../../../brain/knowledge/reading/parse.ts';
import { corpusFolder, type Labelled, plain, type QuestionSet, readQuestions } from './questions.ts';

const DEPTH = 5;
/** How far down a first right passage still counts for the mean reciprocal rank. */
export const RANKS = 20;

export type Accuracy = { readonly recall: number; readonly mrr: number };
export type Measured = {
  readonly questions: number;
  readonly passages: number;
  readonly lexical: Accuracy;
  readonly hashed: Accuracy;
  readonly hybrid: Accuracy;
  /** Share of the questions with an answer that `ask` answers with the right passage quoted. */
  readonly quoted: number;
  /** Share of the questions without one that `ask` refuses. */
  readonly refused: number;
  readonly unanswerable: number;
  /** Questions whose answer is not among the first five of the hybrid order. */
  readonly missed: readonly string[];
};

export async function indexOfCorpus(): Promise<VectorIndex> {
  const index = new VectorIndex(lexical.dimensions);
  for (const source of readdirSync(corpusFolder).toSorted()) {
    for (const piece of await parse(source, readFileSync(join(corpusFolder, source)), usualLimits)) {
      index.add({ source, category: 'engineering', ...piece }, lexicalVector(`${piece.heading ?? ''}\n${piece.text}`));
    }
  }
  return index;
}

export function answers(labelled: Labelled, passage: Passage | undefined): boolean {
  if (passage === undefined) return false;
  const text = plain(`${passage.heading ?? ''} ${passage.text}`);
  return labelled.answers.some(({ source, says }) => source === passage.source && text.includes(says));
}

export function accuracyOf(ranks: readonly number[]): Accuracy {
  const share = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / ranks.length;
  return {
    recall: share(ranks.map((rank) => (rank < DEPTH ? 1 : 0))),
    mrr: share(ranks.map((rank) => (rank < RANKS ? 1 / (rank + 1) : 0))),
  };
}

/** Measures every order on all questions of a set. */
export function measureAccuracy(index: VectorIndex, set: QuestionSet): Measured {
  const all = readQuestions(set);
  const answerable = all.filter((one) => one.answers.length > 0);
  const unanswerable = all.filter((one) => one.answers.length === 0);
  const search = ({ question }: Labelled) => {
    const { name, dimensions, weight } = lexical;
    return index.search({
      question,
      vector: lexicalVector(question),
      vectors: { name, dimensions, weight },
      limit: RANKS,
    });
  };
  const ranks = { lexical: [] as number[], hashed: [] as number[], hybrid: [] as number[] };
  const missed: string[] = [];
  let quoted = 0;
  for (const one of answerable) {
    const rankIn = (passages: readonly (Passage | undefined)[]) => {
      const at = passages.findIndex((passage) => answers(one, passage));
      return at === -1 ? Number.POSITIVE_INFINITY : at;
    };
    const hits = search(one);
    ranks.lexical.push(rankIn(index.byWords(one.question).map((id) => index.passages.passage(id))));
    ranks.hashed.push(rankIn(index.byVector(lexicalVector(one.question)).map((id) => index.passages.passage(id))));
    const hybrid = rankIn(hits.map(({ passage }) => passage));
    ranks.hybrid.push(hybrid);
    if (hybrid >= DEPTH) missed.push(one.question);
    const quotes = quotesFor(one.question, hits, lexical.related, DEPTH);
    const right = hits.find(({ passage }) => answers(one, passage));
    if (
      right &&
      quotes.some((quote) => quote.heading === right.passage.heading && quote.source === right.passage.source)
    )
      quoted += 1;
  }
  const refusals = unanswerable.map((one) => quotesFor(one.question, search(one), lexical.related, DEPTH).length === 0);
  return {
    questions: answerable.length,
    passages: index.passages.size,
    lexical: accuracyOf(ranks.lexical),
    hashed: accuracyOf(ranks.hashed),
    hybrid: accuracyOf(ranks.hybrid),
    quoted: quoted / answerable.length,
    refused: refusals.filter(Boolean).length / unanswerable.length,
    unanswerable: unanswerable.length,
    missed,
  };
}
