import { expect, test } from 'vitest';
import { lexicalVector } from './embeddings/lexical.ts';
import { VectorIndex } from './index/vectors.ts';
import type { Passage } from './passage.ts';
import { excerpt, quotesFor } from './quotes.ts';
import { readMarkdown } from './reading/markdown.ts';

const filler =
  'Nothing of this is about it, and it goes on for a while so that there is more than one quote can hold.\n';

const passageOf = (source: string, text: string): Passage => ({ source, category: 'engineering', text });

test('a quote is what stands there, line for line', () => {
  const text = `# How\n\nTo deploy, run this. It takes a minute. Then\nlook at the page:\n\n    headcount up\n    headcount status\n\n${filler.repeat(9)}`;
  const quote = excerpt('how do I deploy?', text);
  expect(text).toContain(quote.replace(/^…\n|\n…$/g, ''));
  expect(quote).toContain('To deploy, run this. It takes a minute. Then\nlook at the page:\n\n    headcount up\n');
});

test('of a list the items are quoted that say something', () => {
  const items = ['1. Wallets are nested', '2. A deployment is checked\n   before it is live', '3. Prompts are data'];
  const text = items.map((item) => `${item}. ${filler}`).join('') + filler.repeat(5);
  expect(excerpt('what happens before a deployment is live?', text)).toBe(
    `…\n2. A deployment is checked\n   before it is live. ${filler.trim()}\n…`,
  );
});

test('a block that is too long is cut between words', () => {
  const quote = excerpt('deploy', `deploy ${'word '.repeat(400)}`);
  expect(quote).toMatch(/^deploy (word )+…$/);
  expect(quote.length).toBeLessThanOrEqual(702);
});

test('code keeps the indentation of its first line', () => {
  expect(readMarkdown('Run:\n\n    one\n    two\n')).toEqual([
    { kind: 'text', text: 'Run:' },
    { kind: 'text', text: '    one\n    two' },
  ]);
});

test('of two passages with the same words the one comes first that says them in one place', () => {
  const index = new VectorIndex(384);
  const apart = passageOf(
    'a.md',
    `The port is open.\n\n${filler}\nA server has a name.\n\n${filler}\nEach restart is noted.`,
  );
  const together = passageOf(
    'b.md',
    `The port stays the same when the server is told to restart.\n\n${filler}\n${filler}`,
  );
  for (const passage of [apart, together]) index.add(passage, lexicalVector(''));
  const question = 'which port after a restart of the server?';
  const vectors = { name: 'lexical', dimensions: 384, weight: 0 };
  const hits = index.search({ question, vector: lexicalVector(question), vectors, limit: 2 });
  expect(hits.map(({ passage }) => passage.source)).toEqual(['b.md', 'a.md']);
  expect(quotesFor(question, hits, undefined, 1)[0]?.source).toBe('b.md');
});
