import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openAiEmbedder } from '../../brain/models/embeddings.ts';
import { settingsOf } from '../../brain/models/open-wire.ts';
import { failureOf } from './wire.contract.ts';

const { signal } = new AbortController();
const clock = { now: () => 0 };
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server of embeddings that answers a request as told. */
async function embedder(answer: (input: string[], request: number) => unknown, dimensions?: number) {
  let requests = 0;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    requests += 1;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer(JSON.parse(text).input, requests)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const settings = settingsOf({ name: 'local', kind: 'openai', url }, {}, clock);
  const { embed } = openAiEmbedder(settings, { model: 'tiny', dimensions });
  return { embed, requests: () => requests };
}

/** One vector a text, in the opposite order: servers need not keep it, they give the index. */
const backwards = (input: string[]) => ({
  data: input.map((text, index) => ({ object: 'embedding', index, embedding: [text.length, 1] })).reverse(),
});

describe('embeddings', () => {
  it('are one vector a text, in the order of the texts, in as few requests as servers take', async () => {
    const { embed, requests } = await embedder(backwards);
    const texts = Array.from({ length: 600 }, (_, index) => 'x'.repeat(index));
    expect(await embed(texts, signal)).toEqual(texts.map(({ length }) => [length, 1]));
    expect(requests()).toBe(3);
    expect(await embed([], signal)).toEqual([]);
  });

  it.each([
    ['of another length than was said', backwards, 3, 'a vector of 2 numbers, not of 3'],
    [
      'of another length than the one before',
      (input: string[], request: number) => ({
        data: input.map((_, index) => ({ index, embedding: Array(request).fill(0) })),
      }),
      undefined,
      'a vector of 2 numbers, not of 1',
    ],
    ['too few', () => ({ data: [] }), undefined, 'no vector for text 1'],
    ['no vectors', () => ({ data: [{ index: 0, embedding: ['a'] }] }), undefined, 'holds no vectors'],
    ['nothing of the kind', () => ({ detail: 'hello' }), undefined, 'holds no vectors'],
  ])('that are %s are a broken answer', async (_, answer, dimensions, why) => {
    const { embed } = await embedder(answer, dimensions);
    const both = (async () => {
      await embed(['one'], signal);
      await embed(['one'], signal);
    })();
    expect(await failureOf(both)).toMatchObject({ fault: 'broken', message: expect.stringContaining(why) });
  });
});
