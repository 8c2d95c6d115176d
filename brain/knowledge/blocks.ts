// The parts of a passage that say one thing each: paragraphs, items of a list, rows of a table.

const START = /(?<=\n)(?=[ \t]*(?:[-*|]|\d+\.)\s)|(?<=\n[ \t]*\n)(?=[ \t]*\S)/;
const ITEM = /^\s*(?:[-*]|\d+\.)\s/;

/** The blocks of a text, in order; put together they are the text. Pure. */
export function blocksOf(text: string): string[] {
  return text.split(START);
}

/** True for an item of a list, which is understood without its neighbours. */
export function isItem(block: string): boolean {
  return ITEM.test(block);
}
