import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openEmbeddedStore } from '../../brain/knowledge/embedded/store.ts';
import { lexical, lexicalVector } from '../../brain/knowledge/embeddings/lexical.ts';
import { document, knowledgeContract } from './knowledge.contract.ts';

const root = mkdtempSync(join(tmpdir(), 'headcount-knowledge-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const open = (name: string) => openEmbeddedStore({ folder: join(root, name), newId: () => 'id-of-store' });
const { name, dimensions, weight } = lexical;
const vectors = { name, dimensions };

knowledgeContract('embedded', async (name) => open(name));

test('files that the catalogue does not name count for nothing, and are swept away by the next writer', async () => {
  const store = open('torn');
  await store.put([document('a.md', ['Tea is hot.'])], 1, vectors);
  const orphan = `${'0'.repeat(32)}.json`;
  writeFileSync(join(root, 'torn', orphan), '{"pieces":[');
  writeFileSync(join(root, 'torn', 'catalogue.json.1.new'), 'half');
  expect((await open('torn').state()).documents).toHaveLength(1);
  await store.put([document('b.md', ['Coffee.'])], 2, vectors);
  expect(readdirSync(join(root, 'torn'))).toHaveLength(3);
});

test('a damaged catalogue and a damaged text are typed trouble that names the file', async () => {
  const store = open('damaged');
  await store.put([document('a.md', ['Tea is hot.'])], 1, vectors);
  const [file = ''] = readdirSync(join(root, 'damaged')).filter((name) => /^[0-9a-f]{32}/.test(name));
  writeFileSync(join(root, 'damaged', file), 'x');
  const asked = open('damaged').search({
    question: 'tea',
    vector: lexicalVector('tea'),
    vectors: { ...vectors, weight },
    limit: 1,
  });
  await expect(asked).rejects.toMatchObject({ code: 'KNOWLEDGE_DAMAGED' });
  writeFileSync(join(root, 'damaged', 'catalogue.json'), '{}');
  await expect(open('damaged').state()).rejects.toMatchObject({ code: 'KNOWLEDGE_DAMAGED' });
});

test('a write that fails leaves the store as it was', async () => {
  const store = open('full');
  await store.put([document('a.md', ['Tea is hot.'])], 1, vectors);
  // Where the catalogue is written aside stands a folder: as good as a full disk.
  mkdirSync(join(root, 'full', `catalogue.json.${process.pid}.new`));
  await expect(store.put([document('b.md', ['Coffee.'])], 2, vectors)).rejects.toMatchObject({
    code: 'KNOWLEDGE_NOT_WRITTEN',
  });
  expect(await open('full').state()).toMatchObject({ version: 1, documents: [{ source: 'a.md' }] });
});
