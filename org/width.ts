// How much room text takes on a terminal: an ideograph takes two columns, a combined emoji as well, an accent none.

import stringWidth from 'string-width';

/** Text of which each character takes one column. */
const PLAIN = /^[ -~]*$/;

const segmenter = new Intl.Segmenter();

/** Columns of a terminal. The text holds no control characters. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** What a reader sees as one character each: a letter with its accents, a whole emoji. */
export function lettersOf(text: string): string[] {
  return PLAIN.test(text) ? [...text] : [...segmenter.segment(text)].map(({ segment }) => segment);
}

/** With spaces behind it, so many columns wide. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
