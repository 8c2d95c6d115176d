import { expect, it } from 'vitest';
import { createFileKnowledge } from './files.ts';

const knowledge = createFileKnowledge([
  {
    source: 'http.md',
    text: '# Servers\n\nA server listens on a port.\n\nA redirect answers 302 with a Location header.',
  },
  { source: 'tests.md', text: 'Run the tests of a server before you commit.' },
]);

it('the passage with the rarest words of a question comes first', async () => {
  const { passages } = await knowledge.search('How does the server answer a redirect?');
  const [first] = passages;
  expect(first).toEqual({
    source: 'http.md',
    text: '# Servers\nA redirect answers 302 with a Location header.',
  });
});

it('a question about nothing that is written finds nothing', async () => {
  expect((await knowledge.search('What is the price of tea?')).passages).toEqual([]);
});

it('the same question finds the same passages in the same order', async () => {
  expect(await knowledge.search('server')).toEqual(await knowledge.search('Server?'));
});
