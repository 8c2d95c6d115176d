// Vectors from a server that speaks OpenAI's wire format, as knowledge takes them.

import { reasonOf } from '../../../bus/errors.ts';
import { type EmbeddingOptions, openAiEmbedder } from '../../models/embeddings.ts';
import type { WireSettings } from '../../models/wire-settings.ts';
import { type Embeddings, EmbeddingsTrouble, normalised } from './embeddings.ts';

/** Texts in one request: a batch that fails is paid for again. */
const BATCH = 64;
/** Cosine from which two texts are about the same thing. */
const RELATED = 0.45;

type Options = EmbeddingOptions & { readonly dimensions: number };

/** Embeddings of a server. Nothing is asked before the first text. */
export function openAiEmbeddings(settings: WireSettings, { model, dimensions }: Options): Embeddings {
  const embedder = openAiEmbedder(settings, { model, dimensions });
  return {
    name: model,
    dimensions,
    weight: 1,
    batch: BATCH,
    related: RELATED,
    async embed(texts, signal) {
      const vectors = await embedder.embed(texts, signal).catch((cause: unknown) => {
        signal.throwIfAborted();
        const next = 'look at `knowledge` in org.yaml and at the key, then do it again: what was read is kept';
        throw new EmbeddingsTrouble(`embeddings ${model} failed: ${reasonOf(cause)}`, next, cause);
      });
      return vectors.map((vector) => normalised(Float32Array.from(vector)));
    },
  };
}
