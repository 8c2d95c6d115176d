// Vectors from a server that speaks OpenAI's wire format.

import { z } from 'zod';
import { call } from './call.ts';
import { clientOf, contextOf } from './openai.ts';
import { WireFailure } from './wire.ts';
import type { WireSettings } from './wire-settings.ts';

/** Turns texts into vectors, one each, in the same order. */
export interface Embedder {
  /** Throws WireFailure; an aborted call rejects at once with the signal's reason. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly (readonly number[])[]>;
}

export type EmbeddingOptions = {
  readonly model: string;
  /** Length that every vector must have; undefined: that of the first one. */
  readonly dimensions?: number | undefined;
};

/** Texts in one request; servers refuse a few thousand. */
const BATCH = 256;

const Answer = z.looseObject({
  data: z.array(z.looseObject({ index: z.number().int(), embedding: z.array(z.number()) })),
});

/** Opens the embeddings of a server. A vector of another length than the others is a broken answer, never stored. */
export function openAiEmbedder(settings: WireSettings, { model, dimensions }: EmbeddingOptions): Embedder {
  const client = clientOf(settings);
  let length = dimensions;
  const ask = async (texts: readonly string[], signal: AbortSignal) => {
    const params = { model, input: [...texts], encoding_format: 'float' as const };
    const vectors = vectorsIn(await client.embeddings.create(params, { signal }), texts.length, settings.provider);
    length ??= vectors[0]?.length;
    const other = vectors.find((vector) => vector.length !== length);
    if (!other) return vectors;
    throw new WireFailure(settings.provider, 'broken', `a vector of ${other.length} numbers, not of ${length}`);
  };
  return {
    embed: (texts, signal) =>
      call(contextOf(settings, signal), async (own) => {
        const all: (readonly number[])[] = [];
        for (let at = 0; at < texts.length; at += BATCH) all.push(...(await ask(texts.slice(at, at + BATCH), own)));
        return all;
      }),
  };
}

function vectorsIn(raw: unknown, count: number, provider: string): (readonly number[])[] {
  const parsed = Answer.safeParse(raw);
  if (!parsed.success) throw new WireFailure(provider, 'broken', 'the answer holds no vectors');
  const vectors = new Map(parsed.data.data.map(({ index, embedding }) => [index, embedding]));
  return Array.from({ length: count }, (_, index) => {
    const vector = vectors.get(index);
    if (vector) return vector;
    throw new WireFailure(provider, 'broken', `there is no vector for text ${index + 1} of ${count}`);
  });
}
