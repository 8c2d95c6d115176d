// A text as words that can be compared: lower case, without the common ones, cut down to what their forms share.

/** Words too common to tell passages apart. */
const common = new Set(
  (
    'a about all also am an and any are as at be been but by can could did do does for from get gets had has have he her ' +
    'his how i if in into is it its just let make makes may me mine more most my no nor not of on one only or other our ' +
    'out over own same shall she should so some such than that the their them then there these they this those to too ' +
    'under up us use used using very want was we were what when where whether which while who whom whose why will with ' +
    'would you your'
  ).split(' '),
);

/** The words of a text that say something, in order. Shorter than two letters says nothing. */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => word.length > 1 && !common.has(word));
}

const stems = new Map<string, string>();
/** How many words are remembered with their stem. */
const REMEMBERED = 50_000;

/** What the forms of an English word share: `stores`, `stored` and `storing` are `stor`. Other words stay as they are. */
export function stemOf(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  if (stems.size >= REMEMBERED) stems.clear();
  const stem = stemmed(word);
  stems.set(word, stem);
  return stem;
}

/** The stems of what a text says, in order. */
export function termsOf(text: string): string[] {
  return wordsOf(text).map(stemOf);
}

function stemmed(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word;
  return withoutEnding(withoutPlural(word))
    .replace(/(?<=...)e$/, '')
    .replace(/(?<=..[^aeiou])y$/, 'i');
}

function withoutPlural(word: string): string {
  if (/(?:ss|us|is)$/.test(word)) return word;
  return word
    .replace(/ies$/, 'y')
    .replace(/(ss|sh|ch|x|z)es$/, '$1')
    .replace(/s$/, '');
}

function withoutEnding(word: string): string {
  const cut = word.replace(/ied$/, 'y').replace(/(?<=[aeiouy].*..)(?:ingly|edly|ing|ed|ly|ment)$/, '');
  if (cut === word) return word;
  // `planned` is `plan`, `called` stays `call`.
  return cut.replace(/([bdgmnprt])\1$/, '$1');
}
