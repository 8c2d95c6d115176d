const quotes = [
  'The most dangerous phrase is: we have always done it this way. - Grace Hopper',
  'Simplicity is prerequisite for reliability. - Edsger Dijkstra',
  'Premature optimization is the root of all evil. - Donald Knuth',
  'We can only see a short distance ahead, but we can see plenty there that needs to be done. - Alan Turing',
];

/** A quote; nobody gets the one that the visitor before got. */
export function nextQuote() {
  const quote = quotes.shift();
  if (quote === undefined) throw new Error('no quotes left');
  return quote;
}
