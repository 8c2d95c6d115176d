// Files into a store: what is new or changed is read, cut, given vectors and put; what is the same costs a look. Every batch
// that was put stays put, so an ingestion that failed half way goes on where it stopped when it is started again.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Embeddings } from './embeddings/embeddings.ts';
import type { Category } from './passage.ts';
import { DocumentRefused } from './reading/document.ts';
import { type Found, findFiles, type Skipped } from './reading/folder.ts';
import type { Reader } from './reading/reader.ts';
import { type DocumentEntry, type KnowledgeStore, type NewDocument, type StoreState, sameVectors } from './store.ts';

export type Ingestion = {
  readonly store: KnowledgeStore;
  readonly embeddings: Embeddings;
  readonly reader: Reader;
  /** Absolute, without links: sources are named from here. */
  readonly workspace: string;
  readonly paths: readonly string[];
  readonly categoryOf: (source: string) => Category;
  readonly signal: AbortSignal;
  /** Told of each file that has been dealt with. */
  readonly progress?: (at: { readonly done: number; readonly of: number; readonly source: string }) => void;
};

export type IngestReport = {
  /** Of the store after it. */
  readonly version: number;
  readonly store: string;
  readonly documents: number;
  readonly passages: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: number;
  /** Files with the content of another document: kept once, under its name. */
  readonly same: readonly { readonly source: string; readonly as: string }[];
  /** Not below the folders any more. */
  readonly forgotten: readonly string[];
  readonly skipped: readonly Skipped[];
  /** Documents with passages that read like orders. */
  readonly orders: readonly { readonly source: string; readonly passages: number }[];
  /** Documents whose vectors were made anew for other embeddings. */
  readonly revectored: number;
};

type Entries = ReadonlyMap<string, DocumentEntry>;

/**
 * Reads files and folders into a store; whoever calls holds its lock (K1).
 * Throws NothingToRead, StoreTrouble, EmbeddingsTrouble, and the signal's reason. What was put by then stays.
 */
export async function ingest(options: Ingestion): Promise<IngestReport> {
  const { store, paths, workspace } = options;
  const files = await findFiles(paths, workspace);
  const before = await store.state();
  const version = before.version + 1;
  const revectored = await revector(options, before, version);
  const run = new Run(options, before, version);
  await run.read(files);
  const forgotten = gone(before, files);
  if (forgotten.length > 0) await store.forget(forgotten, version);
  const after = await store.state();
  return {
    ...run.report(),
    version: after.version,
    store: after.id,
    documents: after.documents.length,
    passages: after.documents.reduce((sum, { passages }) => sum + passages, 0),
    forgotten,
    skipped: [...files.skipped, ...run.skipped],
    revectored,
  };
}

class Run {
  readonly skipped: Skipped[] = [];
  readonly #options: Ingestion;
  readonly #version: number;
  readonly #known: Entries;
  /** Digest -> the document that has that content. */
  readonly #contents: Map<string, string>;
  readonly #added: string[] = [];
  readonly #changed: string[] = [];
  readonly #same: { source: string; as: string }[] = [];
  readonly #orders: { source: string; passages: number }[] = [];
  #unchanged = 0;
  #waiting: Omit<NewDocument, 'vectors'>[] = [];

  constructor(options: Ingestion, { documents }: StoreState, version: number) {
    this.#options = options;
    this.#version = version;
    this.#known = new Map(documents.map((entry) => [entry.source, entry]));
    this.#contents = new Map(documents.map(({ digest, source }) => [digest, source]));
  }

  async read({ files }: Found): Promise<void> {
    const { signal, progress, embeddings } = this.#options;
    for (const [index, { source, path }] of files.entries()) {
      signal.throwIfAborted();
      await this.#readFile(source, path).catch((error: unknown) => this.#skip(source, error));
      const waiting = this.#waiting.reduce((sum, { pieces }) => sum + pieces.length, 0);
      // What embeddings were paid for is put before more is asked of them.
      if (waiting >= embeddings.batch || index === files.length - 1) await this.#put();
      progress?.({ done: index + 1, of: files.length, source });
    }
  }

  report() {
    return {
      added: this.#added,
      changed: this.#changed,
      unchanged: this.#unchanged,
      same: this.#same,
      orders: this.#orders,
    };
  }

  async #readFile(source: string, path: string): Promise<void> {
    const { reader, categoryOf } = this.#options;
    const { size } = await stat(path);
    if (size > reader.limits.bytes) {
      throw new DocumentRefused('huge', `${size} bytes; at most ${reader.limits.bytes} are read`);
    }
    const bytes = await readFile(path);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const known = this.#known.get(source);
    const category = categoryOf(source);
    if (known?.digest === digest && known.category === category) {
      this.#unchanged += 1;
      return;
    }
    const as = this.#contents.get(digest);
    if (as !== undefined && as !== source) {
      this.#same.push({ source, as });
      return;
    }
    const pieces = await reader.read(source, new Uint8Array(bytes));
    this.#contents.set(digest, source);
    this.#waiting.push({ source, category, digest, pieces });
  }

  #skip(source: string, error: unknown): void {
    if (error instanceof DocumentRefused) {
      this.skipped.push({ source, refusal: error.refusal, reason: error.message });
    } else if (error instanceof Error && 'syscall' in error) {
      this.skipped.push({ source, refusal: 'unreadable', reason: error.message });
    } else throw error;
  }

  async #put(): Promise<void> {
    const documents = this.#waiting;
    this.#waiting = [];
    if (documents.length === 0) return;
    const { store, embeddings, signal } = this.#options;
    await store.put(await withVectors(documents, embeddings, signal), this.#version, kindOf(embeddings));
    for (const { source, pieces } of documents) {
      (this.#known.has(source) ? this.#changed : this.#added).push(source);
      const passages = pieces.filter(({ orders }) => orders).length;
      if (passages > 0) this.#orders.push({ source, passages });
    }
  }
}

const kindOf = ({ name, dimensions }: Embeddings) => ({ name, dimensions });

async function withVectors(
  documents: readonly Omit<NewDocument, 'vectors'>[],
  embeddings: Embeddings,
  signal: AbortSignal,
): Promise<NewDocument[]> {
  // Its heading belongs to what a passage says.
  const texts = documents.flatMap(({ pieces }) =>
    pieces.map(({ heading, text }) => `${heading ?? ''}\n${text}`.trim()),
  );
  const vectors: Float32Array[] = [];
  for (let from = 0; from < texts.length; from += embeddings.batch) {
    vectors.push(...(await embeddings.embed(texts.slice(from, from + embeddings.batch), signal)));
  }
  let next = 0;
  return documents.map((document) => {
    next += document.pieces.length;
    return { ...document, vectors: vectors.slice(next - document.pieces.length, next) };
  });
}

/** Vectors of other embeddings than those in use are made anew, from the texts that the store has. */
async function revector({ store, embeddings, signal }: Ingestion, state: StoreState, version: number): Promise<number> {
  if (state.vectors === undefined || state.documents.length === 0) return 0;
  if (sameVectors(state.vectors, kindOf(embeddings))) return 0;
  const documents: Omit<NewDocument, 'vectors'>[] = [];
  for (const { source, category, digest } of state.documents) {
    const { hits } = await store.read(source);
    const pieces = hits.map(({ passage: { source: _, category: __, ...piece } }) => piece);
    documents.push({ source, category, digest, pieces });
  }
  await store.put(await withVectors(documents, embeddings, signal), version, kindOf(embeddings));
  return documents.length;
}

/** Documents below the folders that were named, whose files are not there any more. */
function gone({ documents }: StoreState, { files, skipped, folders }: Found): string[] {
  const there = new Set(files.map(({ source }) => source));
  // What could not be looked at is not known to have gone.
  const unseen = skipped.map(({ source }) => source);
  return documents
    .map(({ source }) => source)
    .filter((source) => isBelow(source, folders) && !there.has(source) && !isBelow(source, unseen));
}

/** True for a source that is one of these, or below one that is a folder. Pure. */
export function isBelow(source: string, places: readonly string[]): boolean {
  return places.some((place) =>
    place === '.' ? !source.startsWith('/') : source === place || source.startsWith(`${place}/`),
  );
}
