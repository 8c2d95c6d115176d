// The company's knowledge over a store: a question becomes a vector, hits become passages, and a store that is away becomes a
// word of it in the findings, because work goes on without knowledge rather than not at all.

import { HeadcountError } from '../../bus/errors.ts';
import type { Embeddings } from './embeddings/embeddings.ts';
import type { Category, Findings, Knowledge } from './passage.ts';
import type { Found, KnowledgeStore } from './store.ts';
import { relevant } from './support.ts';

/** Passages given to one question. */
const FOUND = 5;

export type Shelf = { readonly store: KnowledgeStore; readonly embeddings: Embeddings };

export type Asked = {
  readonly limit?: number | undefined;
  readonly category?: Category | undefined;
  readonly version?: number | undefined;
};

/** Asks a store. Throws StoreTrouble, EmbeddingsTrouble. */
export async function askStore(
  { store, embeddings }: Shelf,
  question: string,
  { limit = FOUND, category, version }: Asked,
  signal: AbortSignal,
): Promise<Found> {
  const [vector = new Float32Array(embeddings.dimensions)] = await embeddings.embed([question], signal);
  const { name, dimensions, weight } = embeddings;
  return store.search({ question, vector, vectors: { name, dimensions, weight }, limit, category, version });
}

export type Library = Knowledge & { close(): Promise<void> };

/**
 * Knowledge over a store that is opened with the first question.
 * @param trouble told of each thing that keeps knowledge away, once for each message in a row
 */
export function createLibrary(
  open: () => Promise<Shelf | undefined>,
  trouble: (line: string) => void,
  signal: AbortSignal,
): Library {
  let shelf: Promise<Shelf | undefined> | undefined;
  let said: string | undefined;
  const close = async (): Promise<void> => {
    const opened = await shelf?.catch(() => undefined);
    shelf = undefined;
    await opened?.store.close();
  };
  const asking = async (ask: (shelf: Shelf) => Promise<Findings>): Promise<Findings> => {
    try {
      shelf ??= open();
      const opened = await shelf;
      // There may be some by the next time.
      if (opened === undefined) shelf = undefined;
      const findings = opened === undefined ? { passages: [], version: 0 } : await ask(opened);
      said = undefined;
      return findings;
    } catch (error) {
      if (!(error instanceof HeadcountError)) throw error;
      // It may be there the next time.
      await close();
      const reason = `knowledge cannot be asked: ${error.message}`;
      if (said !== reason) trouble(`${reason}; ${error.next}`);
      said = reason;
      return { passages: [], version: 0, trouble: reason };
    }
  };
  return {
    close,
    search: (question) =>
      asking(async (opened) => {
        const { hits, version } = await askStore(opened, question, {}, signal);
        const found = relevant(question, hits, opened.embeddings.related);
        return { passages: found.map(({ passage }) => passage), version };
      }),
    read: (source) =>
      asking(async ({ store }) => {
        const { hits, version } = await store.read(source);
        return { passages: hits.map(({ passage }) => passage), version };
      }),
  };
}

/** Several sources of knowledge as one: the best of each first, and together no more than one gives. */
export function together(all: readonly Knowledge[]): Knowledge {
  const joined = async (ask: (one: Knowledge) => Promise<Findings>, limit: number): Promise<Findings> => {
    const each = await Promise.all(all.map(ask));
    const longest = Math.max(0, ...each.map(({ passages }) => passages.length));
    const passages = Array.from({ length: longest }, (_, place) =>
      each.flatMap((one) => one.passages[place] ?? []),
    ).flat();
    const trouble = each.flatMap((one) => one.trouble ?? []).join('; ');
    return {
      passages: passages.slice(0, limit),
      version: Math.max(0, ...each.map(({ version }) => version)),
      ...(trouble !== '' && { trouble }),
    };
  };
  return {
    search: (question) => joined((one) => one.search(question), FOUND),
    read: (source) => joined((one) => one.read(source), Number.POSITIVE_INFINITY),
  };
}
