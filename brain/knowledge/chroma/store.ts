// Knowledge in a Chroma server. Which documents count is said by their records alone, written in one call together with the
// version: passages without such a record are not given, so a document is there as a whole or not at all.

import { ChromaClient, type Collection, type Where } from 'chromadb';
import { oneLine } from '../../models/one-line.ts';
import type { Passage } from '../passage.ts';
import { blended } from '../ranking.ts';
import {
  type Found,
  type Hit,
  KEPT_VERSIONS,
  type KnowledgeStore,
  type NewDocument,
  OtherVectors,
  type Query,
  type StoreState,
  StoreTrouble,
  sameVectors,
  type VectorKind,
} from '../store.ts';
import { supportOf } from '../support.ts';
import { CALL_MS, within } from './calls.ts';
import {
  type DocumentRecord,
  documentMetadata,
  keyOf,
  passageRecords,
  readDocument,
  readPassage,
  readStore,
  STILL,
  STORE_ID,
  type StoreRecord,
} from './records.ts';

/** Passages by vector, from which those that are given are chosen. */
const CANDIDATES = 100;
/** Records in one call. */
const BATCH = 500;

export type ChromaOptions = {
  readonly url: string;
  /** Names the collections: `headcount-<company>`. */
  readonly company: string;
  readonly newId: () => string;
  /** The longest a call may take, ms. */
  readonly callMs?: number;
  /** Ends what belongs to the store: its server, where it is ours. */
  readonly stop?: () => Promise<void>;
};

/** What the server held at a version. */
type Known = { readonly store: StoreRecord; readonly documents: readonly DocumentRecord[] };

/** Documents and the store have no vectors of their own; Chroma wants one of each record. */
const NO_VECTOR = [1, 0];

class ChromaStore implements KnowledgeStore {
  readonly kind = 'chroma';
  readonly where: string;
  readonly #passages: Collection;
  readonly #documents: Collection;
  readonly #options: ChromaOptions;
  #known: Known | undefined;

  constructor(passages: Collection, documents: Collection, options: ChromaOptions) {
    this.where = options.url;
    this.#passages = passages;
    this.#documents = documents;
    this.#options = options;
  }

  async state(): Promise<StoreState> {
    const { store, documents } = await this.#now();
    const current = documents.filter(({ until }) => until === STILL);
    return {
      id: store.id,
      version: store.version,
      vectors: vectorsOf(store),
      documents: current.map(({ key: _, until: __, ...entry }) => entry),
    };
  }

  async put(documents: readonly NewDocument[], version: number, vectors: VectorKind): Promise<void> {
    const before = await this.#now();
    const replaced = new Set(documents.map(({ source }) => source));
    const has = vectorsOf(before.store);
    const stay = before.documents.filter(({ until, source }) => until === STILL && !replaced.has(source));
    if (has && stay.length > 0 && !sameVectors(has, vectors)) throw new OtherVectors(has, vectors);
    for (const document of documents) await this.#add(passageRecords(document, version));
    const put = documents.map(({ source, category, digest, pieces }): DocumentRecord => {
      const entry = { source, category, digest, passages: pieces.length, since: version, until: STILL };
      return { key: keyOf(entry, version), ...entry };
    });
    const fresh = new Set(put.map(({ key }) => key));
    const old = before.documents.filter(
      ({ key, source, until }) => until === STILL && replaced.has(source) && !fresh.has(key),
    );
    const closed = old.map((entry) => ({ ...entry, until: version }));
    const store = { ...before.store, version, vectors: vectors.name, dimensions: vectors.dimensions };
    await this.#record(store, [...put, ...closed]);
    for (const { key } of closed) await this.#close(key, version);
    await this.#dropOldest(replaced);
  }

  async forget(sources: readonly string[], version: number): Promise<void> {
    const { store, documents } = await this.#now();
    const gone = documents.filter(({ source }) => sources.includes(source));
    if (gone.length === 0) return;
    await this.#drop(gone);
    await this.#record({ ...store, version }, []);
  }

  async search(query: Query): Promise<Found> {
    const { store, documents } = await this.#now();
    const has = vectorsOf(store);
    if (has === undefined || documents.length === 0) return { hits: [], version: store.version };
    if (!sameVectors(has, query.vectors)) throw new OtherVectors(has, query.vectors);
    const version = Math.min(query.version ?? store.version, store.version);
    const counting = new Set(documents.filter((entry) => counted(entry, version)).map(({ key }) => key));
    const found = await this.#call(
      this.#passages.query({
        queryEmbeddings: [[...query.vector]],
        nResults: Math.max(CANDIDATES, query.limit),
        where: whereFor(query, version),
        include: ['documents', 'metadatas', 'distances'],
      }),
    );
    const hits: Hit[] = [];
    for (const [index, metadata] of (found.metadatas[0] ?? []).entries()) {
      const read = readPassage(metadata, found.documents[0]?.[index]);
      const closeness = 1 - (found.distances[0]?.[index] ?? 1);
      if (read && counting.has(read.document) && closeness > 0) hits.push({ passage: read.passage, closeness });
    }
    return { hits: ranked(query, hits).slice(0, query.limit), version };
  }

  async read(source: string, wanted?: number): Promise<Found> {
    const { store, documents } = await this.#now();
    const version = Math.min(wanted ?? store.version, store.version);
    const entry = documents.find((one) => one.source === source && counted(one, version));
    if (entry === undefined) return { hits: [], version };
    const found = await this.#call(this.#passages.get({ where: { document: entry.key } }));
    const read = found.metadatas.flatMap((metadata, index) => readPassage(metadata, found.documents[index]) ?? []);
    const ordered = read.toSorted((one, other) => one.place - other.place);
    return { hits: ordered.map(({ passage }) => ({ passage, closeness: 1 })), version };
  }

  async close(): Promise<void> {
    await this.#options.stop?.();
  }

  /** What the server holds, read again only when its version is another. */
  async #now(): Promise<Known> {
    const found = await this.#call(this.#documents.get({ ids: [STORE_ID] }));
    const store = readStore(found.metadatas[0]);
    if (store === undefined) return { store: { id: this.#options.newId(), version: 0 }, documents: [] };
    if (this.#known?.store.version === store.version && this.#known.store.id === store.id) return this.#known;
    const documents: DocumentRecord[] = [];
    for (let offset = 0; ; offset += BATCH) {
      const page = await this.#call(this.#documents.get({ limit: BATCH, offset }));
      documents.push(...page.ids.flatMap((id, index) => readDocument(id, page.metadatas[index]) ?? []));
      if (page.ids.length < BATCH) break;
    }
    documents.sort((one, other) => one.since - other.since || (one.source < other.source ? -1 : 1));
    this.#known = { store, documents };
    return this.#known;
  }

  /** Writes the store's record and those of documents in one call. */
  async #record(store: StoreRecord, documents: readonly DocumentRecord[]): Promise<void> {
    this.#known = undefined;
    const { id, version, vectors, dimensions } = store;
    const kind = { ...(vectors !== undefined && { vectors }), ...(dimensions !== undefined && { dimensions }) };
    await this.#call(
      this.#documents.upsert({
        ids: [STORE_ID, ...documents.map(({ key }) => key)],
        embeddings: [NO_VECTOR, ...documents.map(() => NO_VECTOR)],
        metadatas: [{ id, version, ...kind }, ...documents.map(documentMetadata)],
      }),
    );
    this.#known = undefined;
  }

  async #add(records: ReturnType<typeof passageRecords>): Promise<void> {
    for (let from = 0; from < records.ids.length; from += BATCH) {
      const some = <T>(all: readonly T[]) => all.slice(from, from + BATCH);
      await this.#call(
        this.#passages.upsert({
          ids: some(records.ids),
          embeddings: some(records.embeddings),
          documents: some(records.documents),
          metadatas: some(records.metadatas),
        }),
      );
    }
  }

  /** The passages of a replaced text count until `version`. */
  async #close(document: string, version: number): Promise<void> {
    const { ids } = await this.#call(this.#passages.get({ where: { document }, include: [] }));
    for (let from = 0; from < ids.length; from += BATCH) {
      const some = ids.slice(from, from + BATCH);
      await this.#call(this.#passages.update({ ids: some, metadatas: some.map(() => ({ until: version })) }));
    }
  }

  async #dropOldest(sources: ReadonlySet<string>): Promise<void> {
    const { documents } = await this.#now();
    for (const source of sources) {
      const old = documents.filter((one) => one.source === source && one.until !== STILL);
      await this.#drop(old.slice(0, Math.max(0, old.length - KEPT_VERSIONS)));
    }
  }

  /** The record goes first: from then on its passages are not given. */
  async #drop(documents: readonly DocumentRecord[]): Promise<void> {
    if (documents.length === 0) return;
    await this.#call(this.#documents.delete({ ids: documents.map(({ key }) => key) }));
    for (const { key } of documents) await this.#call(this.#passages.delete({ where: { document: key } }));
    this.#known = undefined;
  }

  #call<T>(what: Promise<T>): Promise<T> {
    return within(this.where, what, this.#options.callMs ?? CALL_MS);
  }
}

function vectorsOf({ vectors, dimensions }: StoreRecord): VectorKind | undefined {
  return vectors === undefined || dimensions === undefined ? undefined : { name: vectors, dimensions };
}

function counted({ since, until }: DocumentRecord, version: number): boolean {
  return since <= version && until > version;
}

function whereFor({ category }: Query, version: number): Where {
  const then: Where[] = [{ since: { $lte: version } }, { until: { $gt: version } }];
  return { $and: category === undefined ? then : [...then, { category }] };
}

/** By vectors and by the words in common; what says the same is given once. */
function ranked({ question, vectors }: Query, hits: readonly Hit[]): Hit[] {
  const words = hits.map(({ passage }) => supportOf(question, passage));
  const scores = blended(
    words,
    hits.map(({ closeness }) => closeness),
    vectors.weight,
  );
  const order = hits.map((_, id) => id).toSorted((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0));
  const said = new Set<string>();
  const isNew = ({ text }: Passage) => !said.has(text) && said.add(text);
  return order.flatMap((id) => hits[id] ?? []).filter(({ passage }) => isNew(passage));
}

/** Opens the collections of a company, and makes them where there are none. Throws StoreTrouble. */
export async function openChromaStore(options: ChromaOptions): Promise<KnowledgeStore> {
  const { url, company, callMs = CALL_MS } = options;
  const client = clientAt(url);
  const collection = (name: string) =>
    within(
      url,
      client.getOrCreateCollection({ name, embeddingFunction: null, configuration: { hnsw: { space: 'cosine' } } }),
      callMs,
    );
  const passages = await collection(`headcount-${company}`);
  const documents = await collection(`headcount-${company}-documents`);
  return new ChromaStore(passages, documents, options);
}

function clientAt(url: string): ChromaClient {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    const next = 'export CHROMA_URL=http://127.0.0.1:8000, or unset it';
    throw new StoreTrouble('CHROMA_ADDRESS', `CHROMA_URL is no http address: ${oneLine(url)}`, next, { exit: 2 });
  }
  const { hostname, port, protocol } = new URL(url);
  const ssl = protocol === 'https:';
  return new ChromaClient({ host: hostname, port: Number(port) || (ssl ? 443 : 80), ssl });
}
