// Knowledge in a Chroma server: it keeps passages and their vectors, and compares vectors. The words of the passages are
// indexed in memory beside it, as those of the embedded store are: a question is answered in one order, wherever it is kept.

import { ChromaClient } from 'chromadb';
import { oneLine } from '../../models/one-line.ts';
import { PassageIndex } from '../index/passages.ts';
import {
  type Found,
  type Hit,
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
import { CALL_MS, within } from './calls.ts';
import { Catalogue, type Known } from './catalogue.ts';
import { Passages } from './passages.ts';
import { type DocumentRecord, keyOf, NEVER, STILL, type StoreRecord } from './records.ts';

/** Passages whose vectors count beside their words; of those further away the words alone do. Why so many: decision 94. */
const NEAREST = 800;
/** The same when their texts come along, which takes longer. */
const NEAREST_WITH_TEXT = 100;

export type ChromaOptions = {
  readonly url: string;
  /** Names the collections: `headcount-<company>`. */
  readonly company: string;
  readonly newId: () => string;
  /** The longest a call may take, ms. */
  readonly callMs?: number;
};

/** What counts at a version, and its passages by words; undefined: too many for this process. */
type Shown = {
  readonly counted: ReadonlySet<string>;
  readonly passages: number;
  readonly words: WordsOf | undefined;
};
/** `at`: where a record of the server is in the index. */
type WordsOf = { readonly index: PassageIndex; readonly at: ReadonlyMap<string, number> };

class ChromaStore implements KnowledgeStore {
  readonly kind = 'chroma';
  readonly where: string;
  readonly #collections: Collections;
  readonly #catalogue: Catalogue;
  #passages: Passages;
  #shown: { readonly known: Known; readonly shown: Promise<Shown> } | undefined;
  /** True when nothing is in the collection that no document names. */
  #swept = false;

  constructor(where: string, collections: Collections, catalogue: Catalogue, passages: Passages) {
    this.where = where;
    this.#collections = collections;
    this.#catalogue = catalogue;
    this.#passages = passages;
  }

  async state(): Promise<StoreState> {
    const { store, documents } = await this.#catalogue.now();
    const current = documents.filter(isNow);
    return {
      id: store.id,
      version: store.version,
      vectors: vectorsOf(store),
      documents: current.map(({ key: _, until: __, ...entry }) => entry),
    };
  }

  async put(documents: readonly NewDocument[], version: number, vectors: VectorKind): Promise<void> {
    const before = await this.#catalogue.now();
    const replaced = new Set(documents.map(({ source }) => source));
    const has = vectorsOf(before.store);
    const stay = before.documents.filter((entry) => isNow(entry) && !replaced.has(entry.source));
    if (has && stay.length > 0 && !sameVectors(has, vectors)) throw new OtherVectors(has, vectors);
    await this.#sweep(before);
    const [from, to] = await this.#collectionsOf(before.store, vectors);
    await to.add(documents, version);
    const put = documents.map(({ source, category, digest, pieces }): DocumentRecord => {
      const entry = { source, category, digest, passages: pieces.length, since: version, until: STILL };
      return { key: keyOf(entry, version), ...entry };
    });
    const fresh = new Set(put.map(({ key }) => key));
    const moved = from.name !== to.name;
    const old = before.documents.filter(({ key, source, until }) => {
      return !fresh.has(key) && (moved || (until === STILL && replaced.has(source)));
    });
    const closed = old.map((entry) => ({ ...entry, until: moved ? NEVER : version }));
    const kind = { vectors: vectors.name, dimensions: vectors.dimensions };
    const store = { ...before.store, version, ...kind, ...(moved && { passages: to.name }) };
    await this.#catalogue.write(before, store, [...put, ...closed]);
    this.#passages = to;
    if (moved) {
      await this.#collections.remove(from.name);
      await this.#catalogue.remove(closed);
    } else await this.#drop(oldest((await this.#catalogue.now()).documents, replaced));
  }

  async forget(sources: readonly string[], version: number): Promise<void> {
    const before = await this.#catalogue.now();
    const gone = before.documents.filter(({ source }) => sources.includes(source));
    if (gone.length === 0) return;
    const never = gone.map((entry) => ({ ...entry, until: NEVER }));
    await this.#catalogue.write(before, { ...before.store, version }, never);
    this.#passages = await this.#passagesIn(before.store);
    await this.#drop(never);
  }

  async search(query: Query): Promise<Found> {
    const known = await this.#catalogue.now();
    const { store, documents } = known;
    const has = vectorsOf(store);
    if (has === undefined || documents.length === 0) return { hits: [], version: store.version };
    if (!sameVectors(has, query.vectors)) throw new OtherVectors(has, query.vectors);
    const version = Math.min(query.version ?? store.version, store.version);
    this.#passages = await this.#passagesIn(store);
    const shown = await this.#show(known, version);
    // Texts of the past lie beside those that count, and take their places among the nearest.
    const past = passagesOf(documents) - shown.passages;
    const hits = shown.words
      ? await this.#searchBoth(query, shown.words, past)
      : await this.#searchVectors(query, shown.counted, past);
    return { hits, version };
  }

  async read(source: string, wanted?: number): Promise<Found> {
    const { store, documents } = await this.#catalogue.now();
    const version = Math.min(wanted ?? store.version, store.version);
    const entry = documents.find((one) => one.source === source && counts(one, version));
    const read = entry === undefined ? [] : await (await this.#passagesIn(store)).read([entry]);
    return { hits: read.map(({ passage }) => ({ passage, closeness: 1 })), version };
  }

  async close(): Promise<void> {
    this.#shown = undefined;
  }

  /** By vectors as the server knows them, and by words as this process does. */
  async #searchBoth(query: Query, { index, at }: WordsOf, past: number): Promise<Hit[]> {
    const near = await this.#passages.nearest(query, Math.min(NEAREST + past, 3 * NEAREST));
    const closeness = new Float32Array(index.size);
    for (const one of near) {
      const place = at.get(one.id);
      if (place !== undefined) closeness[place] = one.closeness;
    }
    return index.search(index.ask(query.question), closeness, query);
  }

  /** By vectors, and by words among those that were found. */
  async #searchVectors(query: Query, counted: ReadonlySet<string>, past: number): Promise<Hit[]> {
    const most = Math.min(NEAREST_WITH_TEXT + past, (1 + KEPT_VERSIONS) * NEAREST_WITH_TEXT);
    const near = await this.#passages.nearestTexts(query, most);
    const counting = near.filter(({ read }) => counted.has(read.document));
    const index = new PassageIndex();
    for (const { read } of counting) index.add(read.passage);
    const closeness = Float32Array.from(counting, (one) => one.closeness);
    return index.search(index.ask(query.question), closeness, query);
  }

  /** What counts at a version; that of now is kept until something is written. */
  #show(known: Known, version: number): Promise<Shown> {
    if (version < known.store.version) return this.#build(known, version);
    if (this.#shown?.known !== known) {
      const shown = this.#build(known, version);
      this.#shown = { known, shown };
      // What failed is tried again.
      shown.catch(() => {
        this.#shown = undefined;
      });
    }
    return this.#shown.shown;
  }

  async #build({ documents }: Known, version: number): Promise<Shown> {
    const entries = documents.filter((entry) => counts(entry, version));
    const counted = new Set(entries.map(({ key }) => key));
    const passages = passagesOf(entries);
    if (passages > MOST_IN_MEMORY) return { counted, passages, words: undefined };
    const index = new PassageIndex();
    const at = new Map<string, number>();
    for (const { id, passage } of await this.#passages.read(entries)) at.set(id, index.add(passage));
    return { counted, passages, words: { index, at } };
  }

  /** Passages first, then the records that name them: what is in between is dropped by the next one. */
  async #drop(documents: readonly DocumentRecord[]): Promise<void> {
    await this.#passages.remove(documents);
    await this.#catalogue.remove(documents);
  }

  /** Removes what an ingestion left that ended half way: passages that no record names, and what was to be forgotten. */
  async #sweep({ store, documents }: Known): Promise<void> {
    if (this.#swept) return;
    this.#passages = await this.#passagesIn(store);
    await this.#drop(documents.filter(({ until }) => until === NEVER));
    const named = documents.filter(({ until }) => until !== NEVER);
    if ((await this.#passages.count()) > passagesOf(named)) await this.#passages.removeOthers(named);
    this.#swept = true;
  }

  async #passagesIn({ passages }: StoreRecord): Promise<Passages> {
    const name = passages ?? this.#collections.usual;
    return this.#passages.name === name ? this.#passages : this.#collections.open(name);
  }

  /** Where the passages are, and where those with vectors of a kind go: a collection has vectors of one length for ever. */
  async #collectionsOf(store: StoreRecord, { dimensions }: VectorKind): Promise<[Passages, Passages]> {
    const from = await this.#passagesIn(store);
    const fits = store.dimensions === undefined || store.dimensions === dimensions;
    return [from, fits ? from : await this.#collections.open(`${this.#collections.usual}-${dimensions}`)];
  }
}

type Collections = {
  /** The name of the one with the passages, unless the store says otherwise. */
  readonly usual: string;
  open(name: string): Promise<Passages>;
  remove(name: string): Promise<void>;
};

const isNow = ({ until }: DocumentRecord): boolean => until === STILL;

function counts({ since, until }: DocumentRecord, version: number): boolean {
  return since <= version && until > version;
}

function passagesOf(documents: readonly DocumentRecord[]): number {
  return documents.reduce((sum, { passages }) => sum + passages, 0);
}

function vectorsOf({ vectors, dimensions }: StoreRecord): VectorKind | undefined {
  return vectors === undefined || dimensions === undefined ? undefined : { name: vectors, dimensions };
}

/** Of what was replaced, all but the newest of each source. */
function oldest(documents: readonly DocumentRecord[], sources: ReadonlySet<string>): DocumentRecord[] {
  return [...sources].flatMap((source) => {
    const old = documents.filter((one) => one.source === source && !isNow(one));
    return old.slice(0, Math.max(0, old.length - KEPT_VERSIONS));
  });
}

/** Opens the collections of a company, and makes them where there are none. Throws StoreTrouble. */
export async function openChromaStore(options: ChromaOptions): Promise<KnowledgeStore> {
  const { url, company, newId, callMs = CALL_MS } = options;
  const client = clientAt(url);
  const call = <T>(what: Promise<T>) => within(url, what, callMs);
  const configuration = { hnsw: { space: 'cosine' as const } };
  const collection = (name: string) =>
    call(client.getOrCreateCollection({ name, embeddingFunction: null, configuration }));
  const collections: Collections = {
    usual: `headcount-${company}`,
    open: async (name) => new Passages(await collection(name), call),
    remove: (name) => call(client.deleteCollection({ name })),
  };
  const catalogue = new Catalogue(await collection(`${collections.usual}-documents`), newId, call);
  return new ChromaStore(url, collections, catalogue, await collections.open(collections.usual));
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
