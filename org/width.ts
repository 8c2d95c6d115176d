// How much room text takes on a terminal: an ideograph takes two columns, a whole emoji as well, an accent none.

import { eastAsianWidth } from 'get-east-asian-width';

/** Text of which each character takes one column. */
const PLAIN = /^[ -~]*$/;
const UNSEEN = /^[\p{Default_Ignorable_Code_Point}\p{Mark}\p{Control}\p{Surrogate}]*$/u;
const EMOJI = /\p{Emoji_Presentation}|\uFE0F/u;

let segmenter: Intl.Segmenter | undefined;

/** What a reader sees as one character each: a letter with its accents, a whole emoji. */
export function lettersOf(text: string): string[] {
  if (PLAIN.test(text)) return [...text];
  // Made when it is needed: most commands never do.
  segmenter ??= new Intl.Segmenter();
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

/** Columns of a terminal. The text holds no control characters. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : lettersOf(text).reduce((sum, letter) => sum + widthOfLetter(letter), 0);
}

function widthOfLetter(letter: string): number {
  if (UNSEEN.test(letter)) return 0;
  return EMOJI.test(letter) ? 2 : eastAsianWidth(letter.codePointAt(0) ?? 0);
}

/** With spaces behind it, so many columns wide. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
