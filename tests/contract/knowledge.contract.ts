// What every store of knowledge does, whatever it keeps it in (brain/knowledge/store.ts, K1 to K4).

import { afterEach, describe, expect, test } from 'vitest';
import { lexical, lexicalVector } from '../../brain/knowledge/embeddings/lexical.ts';
import type { KnowledgeStore, NewDocument } from '../../brain/knowledge/store.ts';
import { KEPT_VERSIONS, OtherVectors } from '../../brain/knowledge/store.ts';

const { name, dimensions, weight } = lexical;
const vectors = { name, dimensions };
const asking = { ...vectors, weight };

export function document(source: string, texts: readonly string[], more: Partial<NewDocument> = {}): NewDocument {
  const pieces = texts.map((text) => ({ text, heading: 'Guide', page: 1 }));
  const digest = texts.join('|');
  return { source, category: 'domain', digest, pieces, vectors: texts.map(lexicalVector), ...more };
}

/**
 * @param open a store; the same `name` opens the same data
 */
export function knowledgeContract(kind: string, open: (name: string) => Promise<KnowledgeStore>): void {
  let opened: KnowledgeStore[] = [];
  let count = 0;
  const store = async (name = `c${process.pid}-${count}`) => {
    const one = await open(name);
    opened.push(one);
    return one;
  };
  const fresh = () => {
    count += 1;
    return store();
  };
  const ask = async (from: KnowledgeStore, question: string, version?: number) => {
    const { hits } = await from.search({
      question,
      vector: lexicalVector(question),
      vectors: asking,
      limit: 5,
      version,
    });
    return hits.map(({ passage }) => passage.text);
  };

  describe(`${kind}: a store of knowledge`, () => {
    afterEach(async () => {
      for (const one of opened) await one.close();
      opened = [];
    });

    test('is empty at first, and finds nothing', async () => {
      const one = await fresh();
      expect(await one.state()).toMatchObject({ version: 0, documents: [] });
      expect(await ask(one, 'anything')).toEqual([]);
      expect((await one.read('a.md')).hits).toEqual([]);
    });

    test('gives the passage that a question is about first, with its place', async () => {
      const one = await fresh();
      const docs = [
        document('a.md', ['A redirect answers 302.', 'Cats sleep all day.']),
        document('b.md', ['Tea is hot.']),
      ];
      await one.put(docs, 1, vectors);
      const question = 'How is a redirect answered?';
      const { hits, version } = await one.search({
        question,
        vector: lexicalVector(question),
        vectors: asking,
        limit: 5,
      });
      expect(hits[0]?.passage).toEqual({
        source: 'a.md',
        category: 'domain',
        text: 'A redirect answers 302.',
        heading: 'Guide',
        page: 1,
      });
      expect(version).toBe(1);
    });

    test('knows what it holds when it is opened again', async () => {
      const one = await fresh();
      await one.put([document('a.md', ['Tea is hot.'])], 1, vectors);
      const { id } = await one.state();
      const again = await store();
      expect(await again.state()).toMatchObject({ id, version: 1, vectors });
      expect((await again.state()).documents).toEqual([
        { source: 'a.md', category: 'domain', digest: 'Tea is hot.', passages: 1, since: 1 },
      ]);
      expect(await ask(again, 'hot tea')).toEqual(['Tea is hot.']);
    });

    test('one reader sees what another one has put', async () => {
      const [one, other] = [await fresh(), await store()];
      expect(await ask(other, 'tea')).toEqual([]);
      await one.put([document('a.md', ['Tea is hot.'])], 1, vectors);
      expect(await ask(other, 'tea')).toEqual(['Tea is hot.']);
    });

    test('one reader sees all that an ingestion puts under one version', async () => {
      const [one, other] = [await fresh(), await store()];
      await one.put([document('a.md', ['Tea is hot.'])], 1, vectors);
      expect(await ask(other, 'hot tea')).toEqual(['Tea is hot.']);
      await one.put([document('b.md', ['Coffee is hot.'])], 1, vectors);
      expect(await ask(other, 'coffee')).toEqual(['Coffee is hot.']);
      expect((await other.state()).documents).toHaveLength(2);
    });

    test('a document takes the place of what its source held before, and the past can still be asked', async () => {
      const one = await fresh();
      await one.put([document('a.md', ['Tea is hot.', 'Tea is green.'])], 1, vectors);
      await one.put([document('a.md', ['Tea is cold now.'])], 2, vectors);
      expect(await ask(one, 'tea')).toEqual(['Tea is cold now.']);
      expect((await ask(one, 'tea', 1)).toSorted()).toEqual(['Tea is green.', 'Tea is hot.']);
      expect((await one.read('a.md', 1)).hits.map(({ passage }) => passage.text)).toEqual([
        'Tea is hot.',
        'Tea is green.',
      ]);
      expect((await one.state()).documents).toMatchObject([{ source: 'a.md', since: 2, passages: 1 }]);
    });

    test('of the past only the newest versions are kept', async () => {
      const one = await fresh();
      const last = KEPT_VERSIONS + 3;
      for (let version = 1; version <= last; version += 1) {
        await one.put([document('a.md', [`Tea number ${version}.`])], version, vectors);
      }
      expect(await ask(one, 'tea', last - 1)).toEqual([`Tea number ${last - 1}.`]);
      expect(await ask(one, 'tea', 1)).toEqual([]);
    });

    test('what is forgotten is gone, from the past too', async () => {
      const one = await fresh();
      await one.put([document('a.md', ['Tea is hot.']), document('b.md', ['Coffee is hot.'])], 1, vectors);
      await one.put([document('a.md', ['Tea is cold.'])], 2, vectors);
      await one.forget(['a.md'], 3);
      expect(await ask(one, 'tea')).toEqual([]);
      expect(await ask(one, 'tea', 1)).toEqual([]);
      expect(await ask(one, 'coffee')).toEqual(['Coffee is hot.']);
      expect(await one.state()).toMatchObject({ version: 3, documents: [{ source: 'b.md' }] });
    });

    test('passages that say the same are given once', async () => {
      const one = await fresh();
      await one.put(
        [document('a.md', ['Tea is hot.']), document('b.md', ['Tea is hot.'], { digest: 'b' })],
        1,
        vectors,
      );
      expect(await ask(one, 'tea')).toEqual(['Tea is hot.']);
    });

    test('a category narrows the search', async () => {
      const one = await fresh();
      await one.put(
        [document('a.md', ['Tea is hot.']), document('b.md', ['Tea sells.'], { category: 'business' })],
        1,
        vectors,
      );
      const query = { question: 'tea', vector: lexicalVector('tea'), vectors: asking, limit: 5 } as const;
      const { hits } = await one.search({ ...query, category: 'business' });
      expect(hits.map(({ passage }) => passage.source)).toEqual(['b.md']);
    });

    test('vectors of another kind are refused, in documents and in questions, until all are replaced', async () => {
      const one = await fresh();
      await one.put([document('a.md', ['Tea is hot.']), document('b.md', ['Tea.'])], 1, vectors);
      const other = { name: 'other', dimensions, weight };
      await expect(one.put([document('c.md', ['New.'])], 2, { name: 'other', dimensions })).rejects.toBeInstanceOf(
        OtherVectors,
      );
      const asked = one.search({ question: 'tea', vector: lexicalVector('tea'), vectors: other, limit: 1 });
      await expect(asked).rejects.toBeInstanceOf(OtherVectors);
      await one.put([document('a.md', ['Tea is hot.']), document('b.md', ['Tea.'])], 2, { name: 'other', dimensions });
      expect((await one.state()).vectors).toEqual({ name: 'other', dimensions });
    });

    test('vectors of another length take the place of all there were', async () => {
      const one = await fresh();
      await one.put([document('a.md', ['Tea is cold.'])], 1, vectors);
      await one.put([document('a.md', ['Tea is hot.']), document('b.md', ['Coffee.'])], 2, vectors);
      const short = { name: 'short', dimensions: 2 };
      const pointing = (source: string, text: string, vector: number[]) =>
        document(source, [text], { vectors: [Float32Array.from(vector)] });
      await one.put([pointing('a.md', 'Tea.', [1, 0]), pointing('b.md', 'Milk.', [0, 1])], 3, short);
      const again = await store();
      const asked = { question: 'x', vector: Float32Array.from([1, 0]), vectors: { ...short, weight: 1 }, limit: 1 };
      expect((await again.search(asked)).hits.map(({ passage }) => passage.text)).toEqual(['Tea.']);
      await one.put([document('a.md', ['Tea is back.']), document('b.md', ['Milk is back.'])], 4, vectors);
      expect((await ask(again, 'milk'))[0]).toBe('Milk is back.');
      expect((await again.state()).documents).toHaveLength(2);
    });

    test('a long document comes back in its order', async () => {
      const one = await fresh();
      const texts = Array.from({ length: 1_200 }, (_, index) => `Paragraph ${index} of the book.`);
      await one.put([document('book.txt', texts)], 1, vectors);
      expect((await one.read('book.txt')).hits.map(({ passage }) => passage.text)).toEqual(texts);
    });
  });
}
