// The short name of an address: the start of its hash.

import { createHash } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz';

/** The address as it is kept, or undefined when it is none that a browser should be sent to. */
export function cleanUrl(text) {
  if (typeof text !== 'string' || text.length > 2048 || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
}

/** The slug of an address. */
export function slugFor(url) {
  const letters = [...createHash('sha256').update(url).digest()].map((byte) => ALPHABET[byte % ALPHABET.length];
  return letters.slice(0, 6).join('');
}
