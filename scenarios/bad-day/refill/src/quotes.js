const quotes = [
  'The most dangerous phrase is: we have always done it this way. - Grace Hopper',
  'Simplicity is prerequisite for reliability. - Edsger Dijkstra',
  'Premature optimization is the root of all evil. - Donald Knuth',
  'We can only see a short distance ahead, but we can see plenty there that needs to be done. - Alan Turing',
];

let given = 0;

/** A quote; nobody gets the one that the visitor before got, and after the last comes the first again. */
export function nextQuote() {
  const quote = quotes[given % quotes.length];
  given += 1;
  return quote;
}
