// The labelled questions: what is asked, and what passages that answer it say. The corpus is a copy of our own documents as
// they were when the questions were written, so that the labels stay true.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../cli/package-root.ts';

const folder = join(packageRoot, 'tests/bench/retrieval');
export const corpusFolder = join(folder, 'corpus');

type Label = { readonly source: string; readonly says: string };

export type Labelled = {
  readonly question: string;
  /** Any of these answers it. None: nothing in the corpus does. */
  readonly answers: readonly Label[];
};

/** Text as it is compared: without line breaks. */
export function plain(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/**
 * `tuned`: the neighbours of words and the sizes of passages were chosen with these at hand. `held-out`: written from the
 * text before anybody had seen what is found for them, and nothing is chosen by them.
 */
export const sets = { tuned: 'questions.txt', 'held-out': 'held-out.txt' } as const;
export type QuestionSet = keyof typeof sets;

/** Throws for a label that no passage of the corpus can have: such a question would count as a miss of everybody. */
export function readQuestions(set: QuestionSet): Labelled[] {
  const texts = new Map(
    readdirSync(corpusFolder).map((name) => [name, plain(readFileSync(join(corpusFolder, name), 'utf8'))]),
  );
  const questions = new Map<string, Label[]>();
  for (const line of readFileSync(join(folder, sets[set]), 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [file = '', says = '', question = ''] = line.split(' | ');
    const labels = questions.get(question) ?? [];
    questions.set(question, labels);
    if (file === '-') continue;
    const source = `${file}.md`;
    if (!texts.get(source)?.includes(says)) throw new Error(`${source} does not say "${says}"`);
    labels.push({ source, says });
  }
  return [...questions].map(([question, answers]) => ({ question, answers }));
}
