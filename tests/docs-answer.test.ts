// What a new user asks is answered by our own documents, as `headcount ingest docs` reads them and `headcount ask` quotes them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { lexical, lexicalVector } from '../brain/knowledge/embeddings/lexical.ts';
import { VectorIndex } from '../brain/knowledge/index/vectors.ts';
import { quotesFor } from '../brain/knowledge/quotes.ts';
import { usualLimits } from '../brain/knowledge/reading/document.ts';
import { parse } from '../brain/knowledge/reading/parse.ts';
import { packageRoot } from '../cli/package-root.ts';

const docs = join(packageRoot, 'docs');
let index: VectorIndex;
beforeAll(async () => {
  index = new VectorIndex(lexical.dimensions);
  for (const name of readdirSync(docs).filter((one) => one.endsWith('.md'))) {
    const source = `docs/${name}`;
    for (const piece of await parse(source, readFileSync(join(docs, name)), usualLimits)) {
      const vector = lexicalVector(`${piece.heading ?? ''}\n${piece.text}`);
      index.add({ source, category: 'engineering', ...piece }, vector);
    }
  }
});

test.each([
  ['how do I add a role?', 'headcount org add <role>'],
  ['how do I limit what it spends?', 'give `org/org.yaml` a `budget`'],
  ['where is the data stored?', '`products/<slug>/`'],
  ['how do I work on my own repository?', 'With `--repo` the branch that is checked out there is cloned'],
  ['do I need an API key?', 'No API key is needed to try Headcount'],
  ['how do I use my own model server?', 'the address of an OpenAI-compatible server'],
  ['what happens when the process crashes?', 'What it had in hand goes to others, and is done once'],
  ['how do agents get scored?', 'a score from 0 to 100'],
  ['can I pause the company?', 'nothing new is taken until `resume`'],
])('%s', (question, says) => {
  const vector = lexicalVector(question);
  const hits = index.search({ question, vector, vectors: lexical, limit: 20 });
  const quotes = quotesFor(question, hits, lexical.related, 3).map(({ text }) => text);
  expect(quotes).toContainEqual(expect.stringContaining(says));
});
