// Knowledge in the bundled server. It ends with whoever started it, which may be another process of the workspace, and it may
// die: then it is started again and the call is made again, once. Every call of a store may be made twice.

import { HeadcountError } from '../../../bus/errors.ts';
import type { Found, KnowledgeStore, NewDocument, Query, StoreState, VectorKind } from '../store.ts';
import { keepsSomething, noteHeld } from './folder.ts';
import { type ChromaServer, type ServerOptions, startChroma } from './server.ts';
import type { ChromaOptions } from './store.ts';

export type BundledOptions = Omit<ChromaOptions, 'url'> & ServerOptions;

type Opened = { readonly server: ChromaServer; readonly store: KnowledgeStore };

class BundledStore implements KnowledgeStore {
  readonly kind = 'chroma';
  readonly #options: BundledOptions;
  /** The address is another one each time. */
  readonly where: string;
  #opened: Promise<Opened>;

  constructor(options: BundledOptions, opened: Opened) {
    this.#options = options;
    this.#opened = Promise.resolve(opened);
    this.where = options.folder;
  }

  async state(): Promise<StoreState> {
    const state = await this.#with((store) => store.state());
    const { id, version, documents } = state;
    const passages = documents.reduce((sum, one) => sum + one.passages, 0);
    if (version > 0) await noteHeld(this.#options.folder, { id, version, documents: documents.length, passages });
    return state;
  }

  async put(documents: readonly NewDocument[], version: number, vectors: VectorKind): Promise<void> {
    await keepsSomething(this.#options.folder);
    return this.#with((store) => store.put(documents, version, vectors));
  }

  forget(sources: readonly string[], version: number): Promise<void> {
    return this.#with((store) => store.forget(sources, version));
  }

  search(query: Query): Promise<Found> {
    return this.#with((store) => store.search(query));
  }

  read(source: string, version?: number): Promise<Found> {
    return this.#with((store) => store.read(source, version));
  }

  async close(): Promise<void> {
    const opened = await this.#opened.catch(() => undefined);
    await opened?.store.close();
    await opened?.server.stop();
  }

  async #with<T>(call: (store: KnowledgeStore) => Promise<T>): Promise<T> {
    const opened = this.#opened;
    try {
      return await call((await opened).store);
    } catch (error) {
      if (!(error instanceof HeadcountError) || error.code !== 'CHROMA_UNREACHABLE') throw error;
    }
    // Of several calls that find it gone the first one starts it.
    if (this.#opened === opened) this.#opened = this.#renew(opened);
    return call((await this.#opened).store);
  }

  async #renew(before: Promise<Opened>): Promise<Opened> {
    const gone = await before.catch(() => undefined);
    await gone?.server.stop();
    return openBoth(this.#options);
  }
}

async function openBoth(options: BundledOptions): Promise<Opened> {
  // The client is loaded while the server starts.
  const [server, { openChromaStore }] = await Promise.all([startChroma(options), import('./store.ts')]);
  try {
    return { server, store: await openChromaStore({ ...options, url: server.url }) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Opens the store of a folder, and its server. Throws StoreTrouble. */
export async function openBundledStore(options: BundledOptions): Promise<KnowledgeStore> {
  return new BundledStore(options, await openBoth(options));
}
