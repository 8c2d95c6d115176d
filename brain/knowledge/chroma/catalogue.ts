// What counts in a Chroma server: the record of the store and those of its documents, in a collection of their own. They are
// written in one call, and last: passages without such a record are not given.

import type { Collection } from 'chromadb';
import {
  type DocumentRecord,
  documentMetadata,
  readDocument,
  readStore,
  STORE_ID,
  type StoreRecord,
  storeMetadata,
} from './records.ts';

/** Records in one call. */
export const BATCH = 500;

/** What the server held at a version: documents of then and of before, oldest first. */
export type Known = { readonly store: StoreRecord; readonly documents: readonly DocumentRecord[] };

/** Documents and the store have no vectors of their own; Chroma wants one of each record. */
const NO_VECTOR = [1, 0];

export class Catalogue {
  readonly #records: Collection;
  readonly #newId: () => string;
  readonly #call: <T>(what: Promise<T>) => Promise<T>;
  #known: Known | undefined;

  /** @param call makes a call within its limit */
  constructor(records: Collection, newId: () => string, call: <T>(what: Promise<T>) => Promise<T>) {
    this.#records = records;
    this.#newId = newId;
    this.#call = call;
  }

  /** What the server holds, read again only when somebody has written. */
  async now(): Promise<Known> {
    const found = await this.#call(this.#records.get({ ids: [STORE_ID], include: ['metadatas'] }));
    const store = readStore(found.metadatas[0]);
    if (store === undefined) return { store: { id: this.#newId(), version: 0, writes: 0 }, documents: [] };
    if (this.#known?.store.writes === store.writes && this.#known.store.id === store.id) return this.#known;
    const documents: DocumentRecord[] = [];
    for (let offset = 0; ; offset += BATCH) {
      const page = await this.#call(this.#records.get({ limit: BATCH, offset, include: ['metadatas'] }));
      documents.push(...page.ids.flatMap((id, index) => readDocument(id, page.metadatas[index]) ?? []));
      if (page.ids.length < BATCH) break;
    }
    this.#known = { store, documents: inOrder(documents) };
    return this.#known;
  }

  /** Writes the store's record and those of documents in one call; nobody else writes meanwhile (K1). */
  async write({ documents }: Known, store: StoreRecord, changed: readonly DocumentRecord[]): Promise<void> {
    const next = { ...store, writes: store.writes + 1 };
    this.#known = undefined;
    await this.#call(
      this.#records.upsert({
        ids: [STORE_ID, ...changed.map(({ key }) => key)],
        embeddings: [NO_VECTOR, ...changed.map(() => NO_VECTOR)],
        metadatas: [storeMetadata(next), ...changed.map(documentMetadata)],
      }),
    );
    const after = new Map([...documents, ...changed].map((record) => [record.key, record]));
    this.#known = { store: next, documents: inOrder([...after.values()]) };
  }

  /** Takes records away that do not count at any version. */
  async remove(gone: readonly DocumentRecord[]): Promise<void> {
    const keys = new Set(gone.map(({ key }) => key));
    for (const some of batches([...keys])) await this.#call(this.#records.delete({ ids: some }));
    const known = this.#known;
    this.#known = known && { ...known, documents: known.documents.filter(({ key }) => !keys.has(key)) };
  }
}

/** The same in pieces that one call takes. */
export function batches<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, at) => all.slice(at * BATCH, (at + 1) * BATCH));
}

function inOrder(documents: readonly DocumentRecord[]): DocumentRecord[] {
  return documents.toSorted((one, other) => one.since - other.since || (one.source < other.source ? -1 : 1));
}
