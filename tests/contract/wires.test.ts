import { describe, expect, it } from 'vitest';
import { failureOf, lookUp, requestOf, stage, wireContract } from './wire.contract.ts';

wireContract('Anthropic', { kind: 'anthropic' });
wireContract('Responses', { kind: 'openai', api: 'responses' });
wireContract('chat completions', { kind: 'openai', api: 'chat' });

const { signal } = new AbortController();
const called = { calls: [{ id: 'c1', name: 'look_up', input: '{"word":"x"}' }] };

describe('Anthropic', () => {
  it('caches rules, tools and everything up to the last round', async () => {
    const { wire, server } = await stage(
      { kind: 'anthropic' },
      { say: called },
      { say: called },
      { say: { text: 'Done.' } },
    );
    const asked = requestOf({ tools: [lookUp, { ...lookUp, name: 'other' }] });
    const results = [{ id: 'c1', text: 'y', isError: false }];
    const { said } = await wire.ask(asked, signal);
    await wire.ask({ ...asked, rounds: [{ said, results }] }, signal);
    await wire.ask(
      {
        ...asked,
        rounds: [
          { said, results },
          { said, results },
        ],
      },
      signal,
    );
    const mark = { cache_control: { type: 'ephemeral' } };
    const { system, tools, messages } = server.asked[2]?.body ?? {};
    expect(system).toMatchObject([mark]);
    expect(tools).toMatchObject([{ name: 'look_up' }, { name: 'other', ...mark }]);
    expect(messages).toMatchObject([
      { content: [mark] },
      {},
      { content: [{ tool_use_id: 'c1' }] },
      {},
      { content: [mark] },
    ]);
    expect(JSON.stringify(messages).split('cache_control')).toHaveLength(3);
  });

  it('asks for no cache in a single question but for the rules, and never forces a tool', async () => {
    const { wire, server } = await stage({ kind: 'anthropic' }, { say: { text: 'Hello.' } });
    await wire.ask(requestOf({ effort: 'high' }), signal);
    expect(server.asked[0]?.body).toMatchObject({
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Say hello.' }] }],
      output_config: { effort: 'high' },
    });
    expect(server.asked[0]?.body).not.toHaveProperty('tool_choice');
  });

  it.each([
    ['overloaded_error', 'overloaded', 'quota'],
    ['rate_limit_error', 'throttled', 'quota'],
    ['api_error', 'server', 'environment'],
    ['something_new', 'broken', 'environment'],
  ])('fails typed on %s inside a stream', async (type, fault, kind) => {
    const error = { type: 'error', error: { type, message: 'not now' } };
    const { wire } = await stage(
      { kind: 'anthropic' },
      { say: { text: 'x' }, bend: (all) => [...all.slice(0, 3), error] },
    );
    expect(await failureOf(wire.ask(requestOf(), signal))).toMatchObject({ fault, failure: { kind } });
  });

  it.each([
    ['a block that was opened twice', (all: object[]) => all.toSpliced(3, 0, ...all.slice(2, 3))],
    ['deltas before their block', (all: object[]) => all.toSpliced(2, 2, ...all.slice(2, 4).reverse())],
    ['a part of another block', (all: object[]) => all.map((one, at) => (at === 4 ? { ...one, index: 1 } : one))],
    ['a second message', (all: object[]) => [...all, ...all]],
    ['no beginning', (all: object[]) => all.slice(1)],
    [
      'a block that nobody closed',
      (all: object[]) => all.filter((one) => !('type' in one && one.type === 'content_block_stop')),
    ],
  ])('takes nothing from a stream with %s', async (_, bend) => {
    const { wire } = await stage({ kind: 'anthropic' }, { say: { text: 'Hello, company.' }, bend });
    expect(await failureOf(wire.ask(requestOf(), signal))).toMatchObject({ fault: 'broken' });
  });

  it.each([
    ['invalid_request_error', 'Your credit balance is too low', 'exhausted'],
    ['invalid_request_error', 'prompt is too long: 1200000 tokens > 1000000 maximum', 'large'],
    ['invalid_request_error', 'temperature: not allowed', 'request'],
  ])('tells a 400 for %s (%s) apart', async (type, message, fault) => {
    const { wire } = await stage(
      { kind: 'anthropic' },
      { status: 400, body: { type: 'error', error: { type, message } } },
    );
    expect((await failureOf(wire.ask(requestOf(), signal))).fault).toBe(fault);
  });
});

describe('OpenAI', () => {
  it('asks for strict answers only where the schema permits it', async () => {
    const closed = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    };
    const optional = { ...closed, required: [] };
    for (const [schema, strict] of [
      [closed, true],
      [optional, false],
    ] as const) {
      const { wire, server } = await stage({ kind: 'openai' }, { say: { text: '{"a":"b"}' } });
      await wire.ask(requestOf({ schema }), signal);
      expect(server.asked[0]?.body).toMatchObject({ response_format: { json_schema: { strict } } });
    }
  });

  it('speaks chat completions at any address but its own', async () => {
    const { wire, server } = await stage({ kind: 'openai' }, { say: { text: 'Hello.' } });
    await wire.ask(requestOf({ effort: 'high' }), signal);
    expect(server.asked[0]).toMatchObject({ path: '/v1/chat/completions', body: { max_tokens: 2_000 } });
    expect(server.asked[0]?.body).not.toHaveProperty('reasoning_effort');
  });

  it.each([
    ['insufficient_quota', 429, 'exhausted'],
    ['rate_limit_exceeded', 429, 'throttled'],
    ['model_not_found', 400, 'model'],
    ['context_length_exceeded', 400, 'large'],
    ['invalid_api_key', 401, 'key'],
  ])('tells %s apart', async (code, status, fault) => {
    const body = { error: { message: 'no', type: 'invalid_request_error', code } };
    const { wire } = await stage({ kind: 'openai', api: 'responses' }, { status, body });
    expect((await failureOf(wire.ask(requestOf(), signal))).fault).toBe(fault);
  });

  it('knows a missing model of Ollama and vLLM from a wrong address', async () => {
    const missing = { status: 404, body: { error: { message: 'model "llama9" not found, try pulling it first' } } };
    const { wire } = await stage({ kind: 'openai' }, missing, { status: 404, body: { detail: 'Not Found' } });
    expect((await failureOf(wire.ask(requestOf(), signal))).fault).toBe('model');
    expect((await failureOf(wire.ask(requestOf(), signal))).fault).toBe('address');
  });

  it('takes no events of a response that came in another order', async () => {
    const bend = (all: object[]) => all.toSpliced(1, 2, ...all.slice(1, 3).reverse());
    const { wire } = await stage({ kind: 'openai', api: 'responses' }, { say: { text: 'Hello, company.' }, bend });
    expect(await failureOf(wire.ask(requestOf(), signal))).toMatchObject({ fault: 'broken' });
  });

  it('fails typed on a response that failed, and on an error inside a stream', async () => {
    const failed = {
      type: 'response.failed',
      response: { status: 'failed', output: [], error: { code: 'server_error', message: 'sorry' } },
    };
    const error = { type: 'error', code: 'rate_limit_exceeded', message: 'slow down' };
    const turn = (last: object): { say: { text: string }; bend: (all: object[]) => object[] } => ({
      say: { text: 'x' },
      bend: (all) => [...all.slice(0, 1), last],
    });
    const { wire } = await stage({ kind: 'openai', api: 'responses' }, turn(failed), turn(error));
    expect(await failureOf(wire.ask(requestOf(), signal))).toMatchObject({ fault: 'server' });
    expect(await failureOf(wire.ask(requestOf(), signal))).toMatchObject({ fault: 'throttled' });
  });

  it('keeps calls of a chat apart that all have the index 0', async () => {
    const part = (id: string, word: string) => ({
      choices: [
        { delta: { tool_calls: [{ index: 0, id, function: { name: 'look_up', arguments: `{"word":"${word}"}` } }] } },
      ],
    });
    const bend = () => [part('a', 'x'), part('b', 'y'), { choices: [{ delta: {}, finish_reason: 'stop' }] }];
    const { wire } = await stage({ kind: 'openai' }, { say: {}, bend });
    expect((await wire.ask(requestOf({ tools: [lookUp] }), signal)).calls).toEqual([
      { id: 'a', name: 'look_up', input: { word: 'x' } },
      { id: 'b', name: 'look_up', input: { word: 'y' } },
    ]);
  });
});
