// all-MiniLM-L6-v2 on this machine, where somebody has installed @huggingface/transformers beside Headcount and put the
// weights on disk. Neither is a dependency: the package is half a gigabyte, and its installation reaches into the net.

import { z } from 'zod';
import { reasonOf } from '../../../bus/errors.ts';
import { type Embeddings, EmbeddingsTrouble, normalised } from './embeddings.ts';

/** Not written where it is imported: the compiler would look for it. */
const PACKAGE = '@huggingface/transformers';
const MODEL = 'Xenova/all-MiniLM-L6-v2';
const DIMENSIONS = 384;
/** Cosine from which two English texts are about the same thing. */
const RELATED = 0.45;

type Tensor = { readonly dims: readonly number[]; readonly data: Float32Array };
type Extract = (texts: readonly string[], options: { pooling: 'mean'; normalize: boolean }) => Promise<Tensor>;

const Module = z.object({
  env: z.custom<Record<string, unknown>>((value) => typeof value === 'object' && value !== null),
  pipeline: z.custom<(task: string, model: string, options: { dtype: string }) => Promise<Extract>>(
    (value) => typeof value === 'function',
  ),
});

/**
 * Loads the model from `folder` (it holds `Xenova/all-MiniLM-L6-v2/`); nothing is fetched.
 * Throws EmbeddingsTrouble when the package or the weights are not there.
 */
export async function openMiniLm(folder: string): Promise<Embeddings> {
  const loaded: unknown = await import(PACKAGE).catch((cause: unknown) => {
    const next = `npm install --no-save ${PACKAGE}; or \`knowledge: { embeddings: lexical }\` in org.yaml`;
    throw new EmbeddingsTrouble(`embeddings minilm need the package ${PACKAGE}`, next, cause);
  });
  const { env, pipeline } = Module.parse(loaded);
  env.allowRemoteModels = false;
  env.localModelPath = folder;
  const extract = await pipeline('feature-extraction', MODEL, { dtype: 'q8' }).catch((cause: unknown) => {
    const next = `put config.json, tokenizer.json, tokenizer_config.json and onnx/model_quantized.onnx of ${MODEL} there`;
    throw new EmbeddingsTrouble(`no weights of ${MODEL} in ${folder}: ${reasonOf(cause)}`, next, cause);
  });
  return {
    name: 'minilm',
    dimensions: DIMENSIONS,
    weight: 1,
    batch: 32,
    related: RELATED,
    async embed(texts, signal) {
      signal.throwIfAborted();
      const { data, dims } = await extract(texts, { pooling: 'mean', normalize: true });
      const width = dims.at(-1) ?? 0;
      if (width !== DIMENSIONS)
        throw new EmbeddingsTrouble(`${MODEL} gave ${width} dimensions`, 'get its weights anew');
      return texts.map((_, row) => normalised(data.slice(row * width, (row + 1) * width)));
    },
  };
}
