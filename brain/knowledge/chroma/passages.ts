// Passages with their vectors in one collection of a Chroma server. Their ids follow from the documents that name them, so
// nothing is looked for by its metadata: over 10,000 passages that takes a tenth of a second.

import type { Collection } from 'chromadb';
import type { NewDocument, Query } from '../store.ts';
import { batches } from './catalogue.ts';
import { type DocumentRecord, passageIds, passageRecords, readPassage, type StoredPassage } from './records.ts';

type Call = <T>(what: Promise<T>) => Promise<T>;
export type Near = { readonly id: string; readonly closeness: number };
export type NearPassage = Near & { readonly read: StoredPassage };

export class Passages {
  readonly #collection: Collection;
  readonly #call: Call;

  /** @param call makes a call within its limit */
  constructor(collection: Collection, call: Call) {
    this.#collection = collection;
    this.#call = call;
  }

  get name(): string {
    return this.#collection.name;
  }

  count(): Promise<number> {
    return this.#call(this.#collection.count());
  }

  /** The nearest to a question, nearest first. */
  async nearest(query: Query, most: number): Promise<Near[]> {
    const { ids, distances } = await this.#query(query, most, ['distances']);
    return (ids[0] ?? []).map((id, index) => ({ id, closeness: 1 - (distances[0]?.[index] ?? 1) }));
  }

  /** The same with their texts, which takes several times as long. */
  async nearestTexts(query: Query, most: number): Promise<NearPassage[]> {
    const { ids, distances, documents, metadatas } = await this.#query(query, most, [
      'distances',
      'documents',
      'metadatas',
    ]);
    return (ids[0] ?? []).flatMap((id, index) => {
      const read = readPassage(metadatas[0]?.[index], documents[0]?.[index]);
      return read ? [{ id, closeness: 1 - (distances[0]?.[index] ?? 1), read }] : [];
    });
  }

  #query({ vector, category }: Query, nResults: number, include: ('distances' | 'documents' | 'metadatas')[]) {
    const where = category === undefined ? {} : { where: { category } };
    return this.#call(this.#collection.query({ queryEmbeddings: [[...vector]], nResults, include, ...where }));
  }

  /** The passages of documents, in their order. */
  async read(documents: readonly DocumentRecord[]): Promise<(StoredPassage & { readonly id: string })[]> {
    const ids = documents.flatMap(passageIds);
    const found = new Map<string, StoredPassage>();
    for (const some of batches(ids)) {
      const page = await this.#call(this.#collection.get({ ids: some, include: ['documents', 'metadatas'] }));
      for (const [index, id] of page.ids.entries()) {
        const read = readPassage(page.metadatas[index], page.documents[index]);
        if (read) found.set(id, read);
      }
    }
    return ids.flatMap((id) => {
      const read = found.get(id);
      return read ? [{ id, ...read }] : [];
    });
  }

  async add(documents: readonly NewDocument[], since: number): Promise<void> {
    for (const some of batches(documents.flatMap((document) => passageRecords(document, since)))) {
      await this.#call(
        this.#collection.upsert({
          ids: some.map(({ id }) => id),
          embeddings: some.map(({ embedding }) => embedding),
          documents: some.map(({ text }) => text),
          metadatas: some.map(({ metadata }) => metadata),
        }),
      );
    }
  }

  async remove(documents: readonly DocumentRecord[]): Promise<void> {
    for (const ids of batches(documents.flatMap(passageIds))) await this.#call(this.#collection.delete({ ids }));
  }

  /** Removes what belongs to none of these. */
  async removeOthers(documents: readonly DocumentRecord[]): Promise<void> {
    const named = new Set(documents.flatMap(passageIds));
    const { ids } = await this.#call(this.#collection.get({ include: [] }));
    for (const some of batches(ids.filter((id) => !named.has(id)))) {
      await this.#call(this.#collection.delete({ ids: some }));
    }
  }
}
