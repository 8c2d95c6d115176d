// Knowledge from texts given to the company: a lexical search, exact and repeatable, without an index to keep.

import type { Knowledge, Passage } from './passage.ts';

/** Passages given to one question. */
const FOUND = 5;

/** Words too common to tell passages apart. */
const common = new Set(
  'a an and are as at be but by can do does for from has have how i if in is it its not of on or should so that the then there this to was we what when where which who why will with you'.split(
    ' ',
  ),
);

function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => word.length > 1 && !common.has(word));
}

/** Cuts a text at its headings and empty lines into passages; a heading stays with what follows it. */
function passagesOf(document: Passage): readonly Passage[] {
  const parts: string[] = [];
  let heading = '';
  for (const block of document.text.split(/\n\s*\n/)) {
    const text = block.trim();
    if (text === '') continue;
    if (/^#+ [^\n]*$/.test(text)) heading = text;
    else parts.push(heading === '' ? text : `${heading}\n${text}`);
  }
  return parts.map((text) => ({ source: document.source, text }));
}

/**
 * Knowledge over texts. A passage scores by the question's words it has, rare words counting more; ties go to the earlier one.
 */
export function createFileKnowledge(documents: readonly Passage[]): Knowledge {
  const passages = documents.flatMap(passagesOf).map((passage) => ({ passage, words: new Set(wordsOf(passage.text)) }));
  const holders = (word: string) => passages.filter(({ words }) => words.has(word)).length;
  const version = documents.length === 0 ? 0 : 1;
  return {
    async read(source) {
      return { passages: passages.map(({ passage }) => passage).filter((one) => one.source === source), version };
    },
    async search(question) {
      const asked = [...new Set(wordsOf(question))].map((word) => ({ word, held: holders(word) }));
      const found = passages
        .map(({ passage, words }) => ({
          passage,
          score: asked.reduce(
            (sum, { word, held }) => sum + (words.has(word) ? Math.log(1 + passages.length / held) : 0),
            0,
          ),
        }))
        .filter(({ score }) => score > 0)
        .toSorted((one, other) => other.score - one.score)
        .slice(0, FOUND)
        .map(({ passage }) => passage);
      return { passages: found, version };
    },
  };
}
