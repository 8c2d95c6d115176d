import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddingsTrouble } from './embeddings.ts';
import { lexical, lexicalVector } from './lexical.ts';
import { openMiniLm } from './minilm.ts';
import { openAiEmbeddings } from './openai.ts';

const never = new AbortController().signal;
let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

function serve(handle: RequestListener): Promise<string> {
  const made = createServer(handle);
  server = made;
  return new Promise((resolve) => {
    made.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(made.address() as AddressInfo).port}/v1`));
  });
}

const at = (url: string) =>
  openAiEmbeddings(
    { provider: 'openai', url, key: 'k', timeoutMs: 5_000, now: () => 0 },
    { model: 'small', dimensions: 2 },
  );

const dot = (one: Float32Array, other: Float32Array) =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

describe('lexical vectors', () => {
  it('are near where texts share words, or forms of them, and of unit length', async () => {
    const [one, near, far] = await lexical.embed(['stores links', 'a link is stored', 'cats sleep'], never);
    if (!one || !near || !far) throw new Error('a vector is missing');
    expect(dot(one, one)).toBeCloseTo(1);
    expect(dot(one, near)).toBeGreaterThan(dot(one, far) + 0.3);
  });

  it('are the same for the same text, and zeros for one that says nothing', () => {
    expect(lexicalVector('Tea is hot')).toEqual(lexicalVector('Tea is hot'));
    expect(lexicalVector('the of and').every((value) => value === 0)).toBe(true);
  });
});

describe('an OpenAI-compatible server', () => {
  it('gives vectors, which come out in order and of unit length', async () => {
    const url = await serve((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      const data = [
        { object: 'embedding', index: 1, embedding: [0, 2] },
        { object: 'embedding', index: 0, embedding: [3, 4] },
      ];
      response.end(
        JSON.stringify({ object: 'list', model: 'small', data, usage: { prompt_tokens: 1, total_tokens: 1 } }),
      );
    });
    const [one, two] = await at(url).embed(['a', 'b'], never);
    expect([...(one ?? [])].map((value) => value.toFixed(1))).toEqual(['0.6', '0.8']);
    expect([...(two ?? [])]).toEqual([0, 1]);
  });

  it('that fails, or gives other dimensions, is typed trouble that says what to do', async () => {
    const url = await serve((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', model: 'small', data: [{ index: 0, embedding: [1, 2, 3] }] }));
    });
    await expect(at(url).embed(['a'], never)).rejects.toBeInstanceOf(EmbeddingsTrouble);
  });
});

describe('MiniLM', () => {
  it('that is not installed, or has no weights here, is typed trouble that says what to install', async () => {
    const opened = openMiniLm('/nowhere');
    await expect(opened).rejects.toBeInstanceOf(EmbeddingsTrouble);
    await expect(opened).rejects.toMatchObject({
      code: 'EMBEDDINGS',
      next: expect.stringMatching(/npm install|put config/),
    });
  });
});
