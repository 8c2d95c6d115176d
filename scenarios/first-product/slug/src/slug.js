// The short name of an address: the start of its hash, so that the same address always gets the same name and nobody has
// to keep a counter.

import { createHash } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz';
const SHORTEST = 6;

/** The address as it is kept, or undefined when it is none that a browser should be sent to. */
export function cleanUrl(text) {
  if (typeof text !== 'string' || text.length > 2048 || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
}

/**
 * The slug of an address. Letters that look alike (O and 0, l and 1) are not used.
 * @param taken tells whose slug it is already; another address with the same start gets one letter more
 */
export function slugFor(url, taken = () => undefined) {
  const letters = [...createHash('sha256').update(url).digest()].map((byte) => ALPHABET[byte % ALPHABET.length]);
  let length = SHORTEST;
  while (length < letters.length) {
    const slug = letters.slice(0, length).join('');
    const owner = taken(slug);
    if (owner === undefined || owner === url) return slug;
    length += 1;
  }
  return letters.join('');
}
