// What is kept in Chroma, as its records: passages with their vectors in one collection, documents and the store itself in
// another. What Chroma gives back is outside data and parsed.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { categories, type Passage } from '../passage.ts';
import type { DocumentEntry, NewDocument } from '../store.ts';

/** `until` of what counts now: Chroma cannot ask for what is absent. */
export const STILL = 2 ** 53 - 1;
export const STORE_ID = 'store';

const DocumentRecord = z.object({
  source: z.string(),
  category: z.enum(categories),
  digest: z.string(),
  passages: z.number(),
  since: z.number(),
  until: z.number(),
});
export type DocumentRecord = z.infer<typeof DocumentRecord> & { readonly key: string };

const StoreRecord = z.object({
  id: z.string(),
  version: z.number(),
  vectors: z.string().optional(),
  dimensions: z.number().optional(),
});
export type StoreRecord = z.infer<typeof StoreRecord>;

const PassageRecord = z.object({
  document: z.string(),
  source: z.string(),
  category: z.enum(categories),
  place: z.number(),
  page: z.number().optional(),
  heading: z.string().optional(),
  orders: z.boolean().optional(),
});

type Metadata = Record<string, string | number | boolean>;
type Raw = Readonly<Record<string, unknown>> | null | undefined;

/** Names one text of a document. */
export function keyOf({ source, digest }: Pick<DocumentEntry, 'source' | 'digest'>, since: number): string {
  return createHash('sha256').update(`${since}\n${digest}\n${source}`).digest('hex').slice(0, 32);
}

export function documentMetadata(entry: Omit<DocumentRecord, 'key'>): Metadata {
  const { source, category, digest, passages, since, until } = entry;
  return { source, category, digest, passages, since, until };
}

export function readDocument(key: string, metadata: Raw): DocumentRecord | undefined {
  const read = DocumentRecord.safeParse(metadata);
  return read.success ? { key, ...read.data } : undefined;
}

export function readStore(metadata: Raw): StoreRecord | undefined {
  const read = StoreRecord.safeParse(metadata);
  return read.success ? read.data : undefined;
}

/** Records of a document's passages. */
export function passageRecords({ source, category, digest, pieces, vectors }: NewDocument, since: number) {
  const document = keyOf({ source, digest }, since);
  return {
    ids: pieces.map((_, place) => `${document}.${place}`),
    embeddings: vectors.map((vector) => [...vector]),
    documents: pieces.map(({ text }) => text),
    metadatas: pieces.map(({ page, heading, orders }, place): Metadata => {
      const optional = { ...(page !== undefined && { page }), ...(heading !== undefined && { heading }) };
      return { document, source, category, place, since, until: STILL, ...optional, ...(orders && { orders }) };
    }),
  };
}

/** A passage as Chroma gave it back, the text of which it belongs to, and its place there. */
export function readPassage(
  metadata: Raw,
  text: string | null | undefined,
): { passage: Passage; document: string; place: number } | undefined {
  const read = PassageRecord.safeParse(metadata);
  if (!read.success || typeof text !== 'string') return undefined;
  const { document, place, ...rest } = read.data;
  return { passage: { ...rest, text }, document, place };
}
