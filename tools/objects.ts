// What is named by its content need not be asked for twice: each answer of git is a process. Kept here is only what an id
// says once and for all, of a product or a clone of it, and what somebody of this process has in hand already.

import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Document } from '../bus/documents.ts';
import type { Git, GitAt, Identity } from './git.ts';
import {
  commitTree,
  type Entry,
  entriesOf,
  type Merge,
  mergeTrees,
  parentOf,
  readBlob,
  readBlobs,
  treeWith,
  writeDocuments,
} from './repo.ts';

/** Answers kept of each kind; the oldest go first. */
const LISTINGS = 128;
const COMMITS = 512;
const MERGES = 64;
const BLOBS = 512;

/** The id that git gives an object in a repository of SHA-1, which is every one we make. */
export function idOf(kind: 'blob' | 'tree' | 'commit', content: string | Buffer): Buffer {
  return createHash('sha1')
    .update(`${kind} ${Buffer.byteLength(content)}\0`)
    .update(content)
    .digest();
}

/** Answers by what was asked, at most `most` of them; a question that fails is asked again. */
class Answers<T> {
  readonly #most: number;
  readonly #known = new Map<string, Promise<T>>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    return this.#known.get(key) ?? this.put(key, ask());
  }

  put(key: string, answer: Promise<T>): Promise<T> {
    this.#known.set(key, answer);
    answer.catch(() => this.#known.delete(key));
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#most) break;
      this.#known.delete(oldest);
    }
    return answer;
  }

  set(key: string, answer: T): void {
    void this.put(key, Promise.resolve(answer));
  }

  /** Undefined for what was never asked. */
  peek(key: string): Promise<T> | undefined {
    return this.#known.get(key);
  }
}

/** What a commit is made of. */
type Made = { readonly tree: string; readonly parents: readonly string[] };

export type Objects = {
  /** The files of a commit or tree, by its full id. Throws GitFailed. */
  entries(at: GitAt, id: string): Promise<readonly Entry[]>;
  /** The text of a file, by its id. Throws GitFailed. */
  blob(at: GitAt, id: string): Promise<string>;
  /** A text that may soon be read as a file. */
  know(text: string): void;
  /** The first parent of a commit; undefined for the first one of a repository. Throws GitFailed. */
  parent(at: GitAt, commit: string): Promise<string | undefined>;
  /** Makes a commit object; no ref moves. The same input gives the same id. Throws GitFailed. */
  commit(at: GitAt, given: Made & { readonly message: string }, identity: Identity): Promise<string>;
  /**
   * Merges two commits, as mergeTrees does. Throws GitFailed.
   * @param index a file that may be used as an index, and is not there
   */
  merge(at: GitAt, sides: { readonly ours: string; readonly theirs: string }, index: string): Promise<Merge>;
  /** A tree with these files written into it. Throws GitFailed. @param index as for merge */
  write(at: GitAt, tree: string, documents: readonly Document[], index: string): Promise<string>;
};

/** As git sorts. */
const byPath = (one: Entry, other: Entry) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path));

/** Reads blobs; those of a repository that are asked for in one turn of the event loop are one process. */
function readingTogether(git: Git): (at: GitAt, id: string) => Promise<string> {
  type Batch = { readonly ids: string[]; readonly texts: Promise<readonly string[] | undefined> };
  const waiting = new Map<string, Batch>();

  async function start(at: GitAt, ids: readonly string[]) {
    await new Promise(setImmediate);
    waiting.delete(at.gitDir);
    return ids.length > 1 ? readBlobs(git, at, ids) : undefined;
  }

  function batchOf(at: GitAt): Batch {
    const ids: string[] = [];
    const batch = waiting.get(at.gitDir) ?? { ids, texts: start(at, ids) };
    waiting.set(at.gitDir, batch);
    return batch;
  }

  return async (at, id) => {
    const { ids, texts } = batchOf(at);
    const place = ids.push(id) - 1;
    return (await texts)?.[place] ?? readBlob(git, at, id);
  };
}

export function openObjects(git: Git): Objects {
  const listings = new Answers<readonly Entry[]>(LISTINGS);
  const blobs = new Answers<string>(BLOBS);
  const made = new Answers<Made>(COMMITS);
  const read = readingTogether(git);
  const merges = new Answers<Merge>(MERGES);

  async function entries(at: GitAt, id: string): Promise<readonly Entry[]> {
    // A commit of ours has the files of the tree that it was made of; of another one only git knows the tree.
    const tree = (await made.peek(id))?.tree ?? id;
    return listings.get(tree, () => entriesOf(git, at, tree));
  }

  function know(text: string): void {
    // As it will be read: half a surrogate is another character then.
    const written = Buffer.from(text).toString();
    blobs.set(idOf('blob', written).toString('hex'), written);
  }

  /** True when a tree is there for certain: a commit that is needed anyway has it, or it has a file of its own. */
  async function isThere({ gitDir }: GitAt, tree: string, commit: string): Promise<boolean> {
    if (tree === (await made.peek(commit))?.tree) return true;
    const file = join(gitDir, 'objects', tree.slice(0, 2), tree.slice(2));
    return access(file).then(
      () => true,
      () => false,
    );
  }

  return {
    entries,
    blob: (at, id) => blobs.get(id, () => read(at, id)),
    know,
    async parent(at, commit) {
      const own = await made.peek(commit);
      return own ? own.parents[0] : parentOf(git, at, commit);
    },
    async commit(at, given, identity) {
      const id = await commitTree(git, at, given, identity);
      made.set(id, { tree: given.tree, parents: given.parents });
      return id;
    },
    async merge(at, sides, index) {
      // By repository: its owner may have configured merging, and may delete what no branch has yet.
      const key = `${at.gitDir} ${sides.ours} ${sides.theirs}`;
      const known = await merges.peek(key);
      if (known && (!known.ok || (await isThere(at, known.tree, sides.theirs)))) return known;
      return merges.put(
        key,
        mergeTrees(git, at, sides, (id) => entries(at, id), index),
      );
    },
    async write(at, tree, documents, index) {
      for (const { content } of documents) know(content);
      const written = await writeDocuments(git, at, documents);
      const listed = new Map([...(await entries(at, tree)), ...written].map((entry) => [entry.path, entry]));
      const id = await treeWith(git, at, tree, written, index);
      listings.set(id, [...listed.values()].sort(byPath));
      return id;
    },
  };
}
