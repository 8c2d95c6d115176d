// What is kept in Chroma, as its records: passages with their vectors in one collection, documents and the store itself in
// another. What Chroma gives back is outside data and parsed.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { categories, type Passage } from '../passage.ts';
import type { DocumentEntry, NewDocument } from '../store.ts';

/** `until` of what counts now. */
export const STILL = 2 ** 53 - 1;
/** `until` of what was forgotten and waits to be removed: it counts at no version. */
export const NEVER = 0;
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
  /** Grows with every write: an ingestion writes several times under one version. */
  writes: z.number().default(0),
  /** The collection of the passages, where it is not the one that is named after the company. */
  passages: z.string().optional(),
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
  return createHash('sha256').update(`${since}\n${digest}\n${source}`).digest('hex').slice(0, 20);
}

/** Ids of the passages of a text, in their order. */
export function passageIds({ key, passages }: DocumentRecord): string[] {
  return Array.from({ length: passages }, (_, place) => passageId(key, place));
}

function passageId(document: string, place: number): string {
  return `${document}.${place}`;
}

export function documentMetadata(entry: Omit<DocumentRecord, 'key'>): Metadata {
  const { source, category, digest, passages, since, until } = entry;
  return { source, category, digest, passages, since, until };
}

export function readDocument(key: string, metadata: Raw): DocumentRecord | undefined {
  const read = DocumentRecord.safeParse(metadata);
  return read.success ? { key, ...read.data } : undefined;
}

export function storeMetadata({ id, version, writes, passages, vectors, dimensions }: StoreRecord): Metadata {
  const kind = { ...(vectors !== undefined && { vectors }), ...(dimensions !== undefined && { dimensions }) };
  return { id, version, writes, ...kind, ...(passages !== undefined && { passages }) };
}

export function readStore(metadata: Raw): StoreRecord | undefined {
  const read = StoreRecord.safeParse(metadata);
  return read.success ? read.data : undefined;
}

/** Records of a document's passages. */
export function passageRecords({ source, category, digest, pieces, vectors }: NewDocument, since: number) {
  const document = keyOf({ source, digest }, since);
  return pieces.map(({ text, page, heading, orders }, place) => {
    const optional = { ...(page !== undefined && { page }), ...(heading !== undefined && { heading }) };
    const metadata: Metadata = { document, source, category, place, ...optional, ...(orders && { orders }) };
    return { id: passageId(document, place), embedding: [...(vectors[place] ?? [])], text, metadata };
  });
}

/** A passage, and the key of the text that it belongs to. */
export type StoredPassage = { readonly passage: Passage; readonly document: string };

/** A passage as Chroma gave it back. */
export function readPassage(metadata: Raw, text: string | null | undefined): StoredPassage | undefined {
  const read = PassageRecord.safeParse(metadata);
  if (!read.success || typeof text !== 'string') return undefined;
  const { document, place: _, ...rest } = read.data;
  return { passage: { ...rest, text }, document };
}
