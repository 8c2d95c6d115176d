// Knowledge in the bundled server. It ends with whoever started it, which may be another process of the workspace, and it may
// die: then it is started again and the call is made again. Every call of a store may be made more than once.

import { HeadcountError } from '../../../bus/errors.ts';
import {
  type Found,
  type KnowledgeStore,
  type NewDocument,
  type Query,
  type StoreState,
  StoreTrouble,
  type VectorKind,
} from '../store.ts';
import { keepsSomething, logIn, noteHeld } from './folder.ts';
import { type ChromaServer, type ServerOptions, startChroma } from './server.ts';
import type { ChromaOptions } from './store.ts';

export type BundledOptions = Omit<ChromaOptions, 'url'> & ServerOptions;

type Opened = { readonly server: ChromaServer; readonly store: KnowledgeStore };

/** How often a call is made: each time another process may just be ending the server that it started. */
const ATTEMPTS = 6;

class BundledStore implements KnowledgeStore {
  readonly kind = 'chroma';
  /** The address is another one each time. */
  readonly where: string;
  readonly #options: BundledOptions;
  #opened: Promise<Opened> | undefined;
  #closed = false;

  constructor(options: BundledOptions) {
    this.#options = options;
    this.where = options.folder;
  }

  ready(): Promise<void> {
    return this.#with(async () => {});
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
    this.#closed = true;
    await closeBoth(this.#opened);
  }

  async #with<T>(call: (store: KnowledgeStore) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      this.#opened ??= openBoth(this.#options);
      const opened = this.#opened;
      try {
        return await call((await opened).store);
      } catch (error) {
        if (this.#closed || !isGone(error)) throw error;
        if (attempt === ATTEMPTS) throw endsAgain(this.#options.folder, error);
        // Of several calls that find it gone the first one starts it.
        if (this.#opened === opened) this.#opened = this.#renewed(opened);
      }
    }
  }

  async #renewed(before: Promise<Opened>): Promise<Opened> {
    await closeBoth(before);
    return openBoth(this.#options);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof HeadcountError && error.code === 'CHROMA_UNREACHABLE';
}

function endsAgain(folder: string, cause: unknown): StoreTrouble {
  const next = `look at ${logIn(folder)}; or set CHROMA_URL to a server of your own`;
  return new StoreTrouble('CHROMA_ENDS', 'the bundled Chroma server ends again and again', next, { cause });
}

async function closeBoth(opened: Promise<Opened> | undefined): Promise<void> {
  const { store, server } = (await opened?.catch(() => undefined)) ?? {};
  await store?.close();
  await server?.stop();
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
  const store = new BundledStore(options);
  await store.ready();
  return store;
}
