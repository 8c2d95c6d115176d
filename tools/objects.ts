// Commits and blobs are named by their content, so what was read once, in a product or a clone of it, need not be read again:
// each read is a git process.

import { createHash } from 'node:crypto';
import type { Git, GitAt } from './git.ts';
import { type Entry, entriesOf, readBlob } from './repo.ts';

/** Listings and files kept; the oldest go first. */
const LISTINGS = 128;
const BLOBS = 512;

/** The id that git gives an object in a repository of SHA-1, which is every one we make. */
export function idOf(kind: 'blob' | 'tree' | 'commit', content: string | Buffer): Buffer {
  return createHash('sha1')
    .update(`${kind} ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest();
}

/** Remembers the results of `read`, at most `most` of them; a failed read is not remembered. */
function remembered<T>(
  most: number,
  read: (at: GitAt, id: string) => Promise<T>,
): (at: GitAt, id: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (at, id) => {
    const there = known.get(id);
    if (there !== undefined) return there;
    const reading = read(at, id);
    known.set(id, reading);
    reading.catch(() => known.delete(id));
    for (const oldest of known.keys()) {
      if (known.size <= most) break;
      known.delete(oldest);
    }
    return reading;
  };
}

export type Objects = {
  /** The files of a commit or tree, by its full id. Throws GitFailed. */
  entries(at: GitAt, commit: string): Promise<readonly Entry[]>;
  /** The text of a file, by its id. Throws GitFailed. */
  blob(at: GitAt, id: string): Promise<string>;
};

export function openObjects(git: Git): Objects {
  return {
    entries: remembered(LISTINGS, (at, commit) => entriesOf(git, at, commit)),
    blob: remembered(BLOBS, (at, id) => readBlob(git, at, id)),
  };
}
