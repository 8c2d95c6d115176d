// Where knowledge is kept, as a port. Two implementations pass one contract (tests/contract/knowledge.contract.ts): files of
// our own with an index in memory (embedded/), and a Chroma server (chroma/).
//
// Rules:
//   K1. One ingestion writes at a time; whoever ingests holds a lock over the store (cli/knowledge-place.ts). Readers need none.
//   K2. A document is there as a whole or not at all, whenever a process dies.
//   K3. The version grows with every change. What a version held can be asked for later: what was replaced is kept for a
//       while (KEPT_VERSIONS). What is forgotten is gone, from the past too.
//   K4. All vectors of a store come from one kind of embeddings; others are refused, not mixed.

import { HeadcountError } from '../../bus/errors.ts';
import type { Category, Passage } from './passage.ts';
import type { Piece } from './reading/document.ts';

/** How many replaced texts of one document are kept, for questions about the past. */
export const KEPT_VERSIONS = 5;

/** Passages that one process indexes at most: about 150 MB. Measured in docs/knowledge.md. */
export const MOST_IN_MEMORY = 20_000;

/** Which embeddings made the vectors of a store. */
export type VectorKind = { readonly name: string; readonly dimensions: number };

export type DocumentEntry = {
  readonly source: string;
  readonly category: Category;
  /** sha256 of the file's bytes. */
  readonly digest: string;
  readonly passages: number;
  /** Version that brought it. */
  readonly since: number;
};

export type StoreState = {
  /** Names this store; another one in its place has another. */
  readonly id: string;
  /** 0: nothing was ever put. */
  readonly version: number;
  readonly vectors: VectorKind | undefined;
  /** What it holds now, by source. */
  readonly documents: readonly DocumentEntry[];
};

export type NewDocument = Omit<DocumentEntry, 'since' | 'passages'> & {
  readonly pieces: readonly Piece[];
  /** One a piece, of unit length. */
  readonly vectors: readonly Float32Array[];
};

export type Query = {
  readonly question: string;
  readonly vector: Float32Array;
  /** What made the vector, and what the order by vectors counts beside the order by words (1: as much). */
  readonly vectors: VectorKind & { readonly weight: number };
  readonly limit: number;
  readonly category?: Category | undefined;
  /** As it was then; undefined: now. */
  readonly version?: number | undefined;
};

/** `closeness`: cosine of the vectors of passage and question. */
export type Hit = { readonly passage: Passage; readonly closeness: number };

/** `version`: of the store that was asked. */
export type Found = { readonly hits: readonly Hit[]; readonly version: number };

export interface KnowledgeStore {
  readonly kind: 'embedded' | 'chroma';
  /** For people: a folder, an address. */
  readonly where: string;
  state(): Promise<StoreState>;
  /**
   * Puts documents in the place of what their sources held.
   * @param version of the store from now on
   * Throws StoreTrouble; OtherVectors when the vectors are of another kind than those of documents that stay.
   */
  put(documents: readonly NewDocument[], version: number, vectors: VectorKind): Promise<void>;
  /** Removes documents, also from the past. Throws StoreTrouble. */
  forget(sources: readonly string[], version: number): Promise<void>;
  /** Best first. Throws StoreTrouble; OtherVectors when the question's vector cannot be compared. */
  search(query: Query): Promise<Found>;
  /** The passages of a document, in order; none when there is no such document. Throws StoreTrouble. */
  read(source: string, version?: number): Promise<Found>;
  close(): Promise<void>;
}

/** The store does not do what it should: away, slow, full, damaged. The work can go on without it. Exit code 5. */
export class StoreTrouble extends HeadcountError {
  override readonly name: string = 'StoreTrouble';
}

/** Vectors of two kinds cannot be compared. Exit code 2. */
export class OtherVectors extends StoreTrouble {
  override readonly name = 'OtherVectors';
  constructor(has: VectorKind, wanted: VectorKind) {
    super(
      'OTHER_VECTORS',
      `the knowledge was read with embeddings ${nameOf(has)}; now they are ${nameOf(wanted)}`,
      'headcount ingest makes all vectors anew; or set the embeddings back',
      { exit: 2 },
    );
  }
}

export function nameOf({ name, dimensions }: VectorKind): string {
  return `${name} (${dimensions} dimensions)`;
}

export function sameVectors(one: VectorKind, other: VectorKind): boolean {
  return one.name === other.name && one.dimensions === other.dimensions;
}
