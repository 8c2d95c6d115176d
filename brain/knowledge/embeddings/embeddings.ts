// Texts as vectors, as a port: near in meaning is near in direction.

import { HeadcountError } from '../../../bus/errors.ts';

export interface Embeddings {
  /** With the number of dimensions it says which vectors can be compared. */
  readonly name: string;
  readonly dimensions: number;
  /** What their order counts beside the order by words; 1: as much. */
  readonly weight: number;
  /** Texts at once that it likes best. */
  readonly batch: number;
  /** Cosine from which two texts are about the same thing by themselves; undefined: closeness alone supports nothing. */
  readonly related: number | undefined;
  /** Vectors of unit length, one a text, in order. Throws EmbeddingsTrouble. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
}

/** The embeddings that were asked for cannot be had, or failed. Exit code 5. */
export class EmbeddingsTrouble extends HeadcountError {
  override readonly name = 'EmbeddingsTrouble';
  constructor(message: string, next: string, cause?: unknown) {
    super('EMBEDDINGS', message, next, { cause });
  }
}

/** Scales to unit length in place; a vector of zeros stays one. */
export function normalised(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  if (length > 0) for (let index = 0; index < vector.length; index += 1) vector[index] = (vector[index] ?? 0) / length;
  return vector;
}
