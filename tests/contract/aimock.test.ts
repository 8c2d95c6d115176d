// The wires against a mock of the vendors that others wrote, with its chaos modes.

import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAiEmbedder } from '../../brain/models/embeddings.ts';
import { openWire, type ProviderConfig, settingsOf } from '../../brain/models/open-wire.ts';
import type { Wire } from '../../brain/models/wire.ts';
import { failureOf, lookUp, NOW, requestOf } from './wire.contract.ts';

const { signal } = new AbortController();
const clock = { now: () => NOW };
const env = { THE_KEY: 'sk-mock' };

let mock: LLMock;

beforeAll(async () => {
  mock = new LLMock({ port: 0 });
  await mock.start();
});

afterAll(() => mock.stop());

beforeEach(() => {
  mock.reset();
});

describe.each<[string, Pick<ProviderConfig, 'kind' | 'api'>]>([
  ['Anthropic', { kind: 'anthropic' }],
  ['Responses', { kind: 'openai', api: 'responses' }],
  ['chat completions', { kind: 'openai', api: 'chat' }],
])('%s against aimock', (_, format) => {
  const wire = (): Promise<Wire> => {
    const url = format.kind === 'openai' ? `${mock.url}/v1` : mock.url;
    return openWire({ name: 'mock', ...format, url, key: 'THE_KEY' }, env, clock);
  };
  const failing = async () => failureOf((await wire()).ask(requestOf(), signal));

  it('answers, and its answer without usage is not free', async () => {
    mock.on({ userMessage: 'Say hello.' }, { content: 'Hello.' });
    const heard: string[] = [];
    const reply = await (await wire()).ask(requestOf(), signal, (text) => heard.push(text));
    expect(reply).toMatchObject({ text: 'Hello.', stop: 'end' });
    expect(heard.join('')).toBe('Hello.');
    expect(reply.usage.inputTokens * reply.usage.outputTokens).toBeGreaterThan(0);
  });

  it('gives the usage that it is given', async () => {
    const usage = { input_tokens: 120, output_tokens: 30, prompt_tokens: 120, completion_tokens: 30 };
    mock.on({ userMessage: 'Say hello.' }, { content: 'Hello.', usage });
    const reply = await (await wire()).ask(requestOf(), signal);
    expect(reply.usage).toMatchObject({ inputTokens: 120, outputTokens: 30, estimated: false });
  });

  it('keeps a schema', async () => {
    mock.on({ userMessage: 'Say hello.' }, { content: '{"a":"b"}' });
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    expect((await (await wire()).ask(requestOf({ schema }), signal)).text).toBe('{"a":"b"}');
  });

  it('goes through a tool loop', async () => {
    mock.on(
      { hasToolResult: false },
      { toolCalls: [{ name: 'look_up', arguments: JSON.stringify({ word: 'mailbox' }) }] },
    );
    mock.on({ hasToolResult: true }, { content: 'A mailbox is a queue.' });
    const open = await wire();
    const asked = requestOf({ tools: [lookUp] });
    const { calls, said } = await open.ask(asked, signal);
    expect(calls).toMatchObject([{ name: 'look_up', input: { word: 'mailbox' } }]);
    const results = calls.map(({ id }) => ({ id, text: 'a queue', isError: false }));
    expect((await open.ask({ ...asked, rounds: [{ said, results }] }, signal)).text).toBe('A mailbox is a queue.');
  });

  it.each([
    [429, 'throttled'],
    [500, 'server'],
    [529, 'overloaded'],
    [401, 'key'],
  ] as const)('fails typed on %i', async (status, fault) => {
    mock.on({ userMessage: 'Say hello.' }, { content: 'Hello.' });
    mock.nextRequestError(status, { message: 'no', type: 'error' });
    expect(await failing()).toMatchObject({ fault, status });
    expect((await (await wire()).ask(requestOf(), signal)).text).toBe('Hello.');
  });

  it.each([
    ['rate limits', { rateLimitRate: 1 }, 'quota'],
    ['malformed answers', { malformedRate: 1 }, 'environment'],
    ['disconnects', { disconnectRate: 1 }, 'environment'],
    ['dropped requests', { dropRate: 1 }, 'environment'],
  ])('fails typed in a chaos of %s', async (_name, chaos, kind) => {
    mock.on({ userMessage: 'Say hello.' }, { content: 'Hello.' });
    mock.setChaos(chaos);
    try {
      expect((await failing()).failure.kind).toBe(kind);
    } finally {
      mock.clearChaos();
    }
  });

  it.each([1, 2, 3])('acts on nothing of a stream that is truncated after %i parts', async (parts) => {
    const content = 'A long answer that takes a number of parts to be told. '.repeat(20);
    mock.on({ userMessage: 'Say hello.' }, { content }, { truncateAfterChunks: parts });
    expect((await failing()).fault).toMatch(/broken|unreachable/);
  });

  it('leaves a slow answer when its deadline has passed', async () => {
    mock.on({ userMessage: 'Say hello.' }, { content: 'Hello.'.repeat(50) }, { latency: 5_000 });
    const asked = (await wire()).ask(requestOf(), AbortSignal.timeout(20));
    await expect(asked).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('embeddings against aimock', () => {
  it('are vectors of one length, the same for the same text', async () => {
    const config = { name: 'mock', kind: 'openai', url: `${mock.url}/v1` } as const;
    const { embed } = openAiEmbedder(settingsOf(config, env, clock), {
      model: 'text-embedding-3-small',
      dimensions: 384,
    });
    mock.onEmbedding(/./, { embedding: Array.from({ length: 384 }, (_, index) => index / 384) });
    const [first, second, third] = await embed(['a', 'b', 'a'], signal);
    expect(first).toHaveLength(384);
    expect(third).toEqual(first);
    expect(second).toHaveLength(384);
  });
});
