// Knowledge in files of the workspace, with an index in memory that is built at the first question and again when another
// process has changed the files. Needs nothing; a company that never asks never pays for it.

import { VectorIndex } from '../index/vectors.ts';
import type { Passage } from '../passage.ts';
import {
  type Found,
  KEPT_VERSIONS,
  type KnowledgeStore,
  MOST_IN_MEMORY,
  type NewDocument,
  OtherVectors,
  type Query,
  type StoreState,
  StoreTrouble,
  sameVectors,
  type VectorKind,
} from '../store.ts';
import { type Catalogue, type Entry, KnowledgeFiles } from './files.ts';

export type EmbeddedOptions = {
  readonly folder: string;
  /** A name for a new store; called once. */
  readonly newId: () => string;
};

const isNow = ({ until }: Entry): boolean => until === undefined;
const wasThen = (version: number) => (entry: Entry) =>
  entry.since <= version && (entry.until === undefined || entry.until > version);

/** The catalogue as it was at a stamp, and the index of what counted then, built when it is asked for. */
type Known = { readonly stamp: string; readonly catalogue: Catalogue; readonly index: () => Promise<VectorIndex> };

class EmbeddedStore implements KnowledgeStore {
  readonly kind = 'embedded';
  readonly where: string;
  readonly #files: KnowledgeFiles;
  readonly #newId: () => string;
  #known: Known | undefined;

  constructor({ folder, newId }: EmbeddedOptions) {
    this.where = folder;
    this.#files = new KnowledgeFiles(folder);
    this.#newId = newId;
  }

  async state(): Promise<StoreState> {
    const { id, version, vectors, documents } = await this.#catalogue();
    return {
      id,
      version,
      vectors,
      documents: documents.filter(isNow).map(({ file: _, until: __, ...entry }) => entry),
    };
  }

  async put(documents: readonly NewDocument[], version: number, vectors: VectorKind): Promise<void> {
    const before = await this.#catalogue();
    const replaced = new Set(documents.map(({ source }) => source));
    const others = before.documents.filter((entry) => isNow(entry) && !replaced.has(entry.source));
    if (before.vectors && others.length > 0 && !sameVectors(before.vectors, vectors)) {
      throw new OtherVectors(before.vectors, vectors);
    }
    const room = MOST_IN_MEMORY - others.reduce((sum, { passages }) => sum + passages, 0);
    if (documents.reduce((sum, { pieces }) => sum + pieces.length, 0) > room) {
      throw new StoreTrouble(
        'KNOWLEDGE_FULL',
        `the embedded store holds at most ${MOST_IN_MEMORY} passages`,
        'use a Chroma server for more: set CHROMA_URL, or `knowledge: { store: chroma }` in org.yaml',
      );
    }
    const added: Entry[] = [];
    for (const { source, category, digest, pieces, vectors: rows } of documents) {
      const file = await this.#files.keep({ pieces, vectors: flat(rows, vectors.dimensions) });
      added.push({ source, category, digest, passages: pieces.length, since: version, file });
    }
    const kept = before.documents.map((entry) =>
      isNow(entry) && replaced.has(entry.source) ? { ...entry, until: version } : entry,
    );
    await this.#commit({ ...before, version, vectors, documents: withoutOldest([...kept, ...added]) });
  }

  async forget(sources: readonly string[], version: number): Promise<void> {
    const before = await this.#catalogue();
    const gone = new Set(sources);
    const documents = before.documents.filter(({ source }) => !gone.has(source));
    if (documents.length < before.documents.length) await this.#commit({ ...before, version, documents });
  }

  async search(query: Query): Promise<Found> {
    const now = await this.#now();
    const { vectors, version } = now.catalogue;
    if (vectors === undefined) return { hits: [], version };
    if (!sameVectors(vectors, query.vectors)) throw new OtherVectors(vectors, query.vectors);
    const then = query.version ?? version;
    if (then >= version) return { hits: (await now.index()).search(query), version };
    return { hits: (await this.#build(now.catalogue, wasThen(then))).search(query), version: then };
  }

  async read(source: string, version?: number): Promise<Found> {
    const { catalogue } = await this.#now();
    const counts = version === undefined ? isNow : wasThen(version);
    const entry = catalogue.documents.find((one) => one.source === source && counts(one));
    const passages = entry === undefined ? [] : passagesOf(entry, (await this.#files.text(entry)).pieces);
    return { hits: passages.map((passage) => ({ passage, closeness: 1 })), version: version ?? catalogue.version };
  }

  async close(): Promise<void> {
    this.#known = undefined;
  }

  async #catalogue(): Promise<Catalogue> {
    return (await this.#files.catalogue()) ?? { format: 1, id: this.#newId(), version: 0, documents: [] };
  }

  async #commit(catalogue: Catalogue): Promise<void> {
    await this.#files.commit(catalogue);
    this.#known = undefined;
  }

  async #now(): Promise<Known> {
    const stamp = await this.#files.stamp();
    if (this.#known?.stamp === stamp) return this.#known;
    const catalogue = await this.#catalogue();
    let built: Promise<VectorIndex> | undefined;
    const index = () => {
      built ??= this.#build(catalogue, isNow);
      return built;
    };
    this.#known = { stamp, catalogue, index };
    return this.#known;
  }

  async #build({ documents, vectors }: Catalogue, counts: (entry: Entry) => boolean): Promise<VectorIndex> {
    const dimensions = vectors?.dimensions ?? 1;
    const counted = documents.filter(counts);
    const expected = counted.reduce((sum, { passages }) => sum + passages, 0);
    const index = new VectorIndex(dimensions, expected);
    for (const entry of counted) {
      const text = await this.#files.text(entry);
      for (const [row, passage] of passagesOf(entry, text.pieces).entries()) {
        index.add(passage, text.vectors.subarray(row * dimensions, (row + 1) * dimensions));
      }
    }
    return index;
  }
}

function passagesOf({ source, category }: Entry, pieces: readonly Omit<Passage, 'source' | 'category'>[]): Passage[] {
  return pieces.map((piece) => ({ source, category, ...piece }));
}

function flat(rows: readonly Float32Array[], dimensions: number): Float32Array {
  const all = new Float32Array(rows.length * dimensions);
  for (const [index, row] of rows.entries()) all.set(row, index * dimensions);
  return all;
}

/** Of what was replaced, the newest of each source. */
function withoutOldest(documents: readonly Entry[]): Entry[] {
  const later = new Map<string, number>();
  return documents
    .toReversed()
    .filter(({ source, until }) => {
      if (until === undefined) return true;
      const count = (later.get(source) ?? 0) + 1;
      later.set(source, count);
      return count <= KEPT_VERSIONS;
    })
    .toReversed();
}

/** Opens the store of a folder; the folder is made with the first document. */
export function openEmbeddedStore(options: EmbeddedOptions): KnowledgeStore {
  return new EmbeddedStore(options);
}
