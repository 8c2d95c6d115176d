// What every wire does, whichever format it speaks: run against a strict server of the vendors' wire formats.

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ToolSpec } from '../../brain/models/model.ts';
import { openWire, type ProviderConfig } from '../../brain/models/open-wire.ts';
import { LONGEST_WAIT_MS } from '../../brain/models/retry-after.ts';
import { saidBy } from '../../brain/models/said.ts';
import { type Wire, WireFailure, type WireRequest } from '../../brain/models/wire.ts';
import { type ModelServer, modelServer, type Turn } from '../fixtures/model-server.ts';

export const NOW = Date.UTC(2026, 10, 22, 12);
export const KEY = 'sk-canary-0123456789abcdef';
const env = { THE_KEY: KEY };
const clock = { now: () => NOW };

export const lookUp: ToolSpec = {
  name: 'look_up',
  description: 'Looks something up.',
  input: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'], additionalProperties: false },
};

export function requestOf(over: Partial<WireRequest> = {}): WireRequest {
  return {
    model: 'some-model',
    system: 'You are an engineer.',
    prompt: 'Say hello.',
    rounds: [],
    tools: [],
    schema: undefined,
    maxTokens: 2_000,
    label: 'backend, write, D1.store, attempt 1',
    ...over,
  };
}

export type Stage = { readonly wire: Wire; readonly server: ModelServer };

/** A wire to a server that plays these turns until the test is over. */
export async function stage(
  config: Partial<ProviderConfig> & Pick<ProviderConfig, 'kind'>,
  ...turns: Turn[]
): Promise<Stage> {
  const server = await modelServer(...turns);
  onTestFinished(() => server.close());
  const url = config.kind === 'openai' ? `${server.url}/v1` : server.url;
  return { wire: await openWire({ name: 'stub', url, key: 'THE_KEY', ...config }, env, clock), server };
}

export async function failureOf(asked: Promise<unknown>): Promise<WireFailure> {
  const error = await asked.catch((thrown: unknown) => thrown);
  if (error instanceof WireFailure) return error;
  throw new Error(`no WireFailure: ${error instanceof Error ? error.stack : JSON.stringify(error)}`);
}

const never = () => new AbortController().signal;

/** @param format `kind` and `api` of the provider, whose name the suite gets */
export function wireContract(name: string, format: Pick<ProviderConfig, 'kind' | 'api'>): void {
  const play = (...turns: Turn[]) => stage(format, ...turns);
  const failing = async (turn: Turn, over: Partial<WireRequest> = {}) => {
    const { wire, server } = await play(turn);
    const failure = await failureOf(wire.ask(requestOf(over), never()));
    expect(server.asked.length, 'tries').toBe(1);
    return failure;
  };

  describe(`the wire format of ${name}`, () => {
    it('gives the whole answer, its usage, and its parts as they come', async () => {
      const usage = { input: 100, output: 20, cacheRead: 300, cacheWrite: 40 };
      const { wire, server } = await play({ say: { text: 'Hello, company.', usage } });
      const heard: string[] = [];
      const reply = await wire.ask(requestOf(), never(), (text) => heard.push(text));
      expect(reply).toMatchObject({ text: 'Hello, company.', calls: [], stop: 'end' });
      expect(reply.usage).toEqual({
        inputTokens: 100,
        outputTokens: 20,
        cacheReadTokens: 300,
        cacheWriteTokens: 40,
        estimated: false,
      });
      expect(heard.length).toBeGreaterThan(1);
      expect(heard.join('')).toBe('Hello, company.');
      expect(JSON.stringify(server.asked[0]?.headers)).toContain(KEY);
    });

    it('holds the answer to a schema where the provider can', async () => {
      const schema = {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: {
          verdict: { type: 'string', enum: ['approve', 'reject'] },
          notes: { type: 'array', items: { type: 'string' } },
        },
        required: ['verdict'],
        additionalProperties: false,
      };
      const { wire, server } = await play({ say: { text: '{"verdict":"approve"}' } });
      expect((await wire.ask(requestOf({ schema }), never())).text).toBe('{"verdict":"approve"}');
      expect(JSON.stringify(server.asked[0]?.body)).toContain('json_schema');
    });

    it.each([
      ['a free-form object', { type: 'object' }],
      ['a choice at the top', { oneOf: [{ type: 'object', properties: {}, additionalProperties: false }] }],
    ])('leaves a schema with %s to the prompt', async (_, schema) => {
      const { wire, server } = await play({ say: { text: '{}' } });
      await wire.ask(requestOf({ schema }), never());
      expect(JSON.stringify(server.asked[0]?.body)).not.toContain('json_schema');
    });

    it('asks for calls, and gives back unchanged what the model had said', async () => {
      const calls = [
        { id: 'c1', name: 'look_up', input: '{"word":"mailbox"}' },
        { id: 'c2', name: 'look_up', input: '' },
      ];
      const { wire, server } = await play(
        { say: { thinking: 'hm', text: 'I look it up.', calls } },
        { say: { calls: [{ id: 'c3', name: 'look_up', input: '{"word":"stream"}' }] } },
        { say: { text: 'Found.' } },
      );
      const first = await wire.ask(requestOf({ tools: [lookUp] }), never());
      expect(first).toMatchObject({ text: 'I look it up.', stop: 'tools' });
      expect(first.calls).toEqual([
        { id: 'c1', name: 'look_up', input: { word: 'mailbox' } },
        { id: 'c2', name: 'look_up', input: {} },
      ]);
      const results = [
        { id: 'c1', text: 'a queue', isError: false },
        { id: 'c2', text: 'no word given', isError: true },
      ];
      const rounds = [{ said: JSON.parse(JSON.stringify(first.said)), results }];
      const second = await wire.ask(requestOf({ tools: [lookUp], rounds }), never());
      const more = [...rounds, { said: second.said, results: [{ id: 'c3', text: 'a log', isError: false }] }];
      expect(await wire.ask(requestOf({ tools: [lookUp], rounds: more }), never())).toMatchObject({
        text: 'Found.',
        stop: 'end',
      });
      expect(JSON.stringify(server.asked[2]?.body)).toContain('no word given');
      expect(saidBy(first.said)?.model).toBe('some-model');
    });

    it.each([
      ['cut short', '{"word":"mail'],
      ['no object', '["mailbox"]'],
      ['no JSON at all', 'mailbox please'],
    ])('hands on arguments that are %s as text, never as an empty object', async (_, input) => {
      const { wire } = await play(
        { say: { calls: [{ id: 'c1', name: 'look_up', input }] } },
        { say: { text: 'I try again.' } },
      );
      const asked = requestOf({ tools: [lookUp] });
      const { calls, said } = await wire.ask(asked, never());
      expect(calls).toEqual([{ id: 'c1', name: 'look_up', input }]);
      const results = [{ id: 'c1', text: 'the arguments are no JSON', isError: true }];
      expect((await wire.ask({ ...asked, rounds: [{ said, results }] }, never())).stop).toBe('end');
    });

    it('refuses a round that another model said', async () => {
      const { wire, server } = await play({ say: { calls: [{ id: 'c1', name: 'look_up', input: '{}' }] } });
      const { said } = await wire.ask(requestOf({ tools: [lookUp] }), never());
      const rounds = [{ said, results: [{ id: 'c1', text: 'x', isError: false }] }];
      const failure = await failureOf(wire.ask(requestOf({ model: 'another', tools: [lookUp], rounds }), never()));
      expect(failure).toMatchObject({ fault: 'request', more: expect.stringContaining('said by some-model over') });
      expect(server.asked.length).toBe(1);
    });

    it.each([
      [400, 'request', 'permanent', 'question'],
      [401, 'key', 'permanent', 'provider'],
      [402, 'exhausted', 'quota', 'provider'],
      [403, 'key', 'permanent', 'provider'],
      [404, 'model', 'permanent', 'model'],
      [408, 'slow', 'environment', 'provider'],
      [413, 'large', 'permanent', 'question'],
      [418, 'request', 'permanent', 'question'],
      [429, 'throttled', 'quota', 'provider'],
      [500, 'server', 'environment', 'provider'],
      [503, 'server', 'environment', 'provider'],
      [529, 'overloaded', 'quota', 'provider'],
    ])('fails typed on %i, after one try', async (status, fault, kind, scope) => {
      const body = { type: 'error', error: { type: 'some_error', message: `no,\n\u001b[31mnot ${KEY}` } };
      const failure = await failing({ status, body });
      expect(failure).toMatchObject({ fault, scope, status, failure: { kind } });
      expect(failure.message).toMatch(/^stub: [\w ]+ \(\d+\): no, \[31mnot \[secret\]$/);
      expect(failure.spent).toBeUndefined();
    });

    it.each([
      ['20', 20_000],
      ['3600', LONGEST_WAIT_MS],
      ['31536000', LONGEST_WAIT_MS],
      ['Fri, 31 Dec 9999 23:59:59 GMT', LONGEST_WAIT_MS],
    ])('says until when a 429 with retry-after %s holds, at most an hour, without waiting', async (after, wait) => {
      const failure = await failing({ status: 429, headers: { 'retry-after': after } });
      expect(failure).toMatchObject({ retryAfterMs: wait, failure: { kind: 'quota', until: NOW + wait } });
    });

    it('reads the reset time of the limit that is used up', async () => {
      const headers = {
        'anthropic-ratelimit-tokens-remaining': '0',
        'anthropic-ratelimit-tokens-reset': new Date(Date.now() + 600_000).toISOString(),
      };
      const { retryAfterMs = 0 } = await failing({ status: 429, headers });
      expect(Math.abs(retryAfterMs - 600_000)).toBeLessThan(30_000);
    });

    it('takes a redirect and a web page for somebody else, and does not carry the key there', async () => {
      const elsewhere = await modelServer({ say: { text: 'come in' } });
      onTestFinished(() => elsewhere.close());
      const moved = await failing({ status: 307, headers: { location: elsewhere.url } });
      expect(moved).toMatchObject({ fault: 'address', scope: 'provider' });
      expect(elsewhere.asked).toEqual([]);
      expect(await failing({ raw: '<html>Sign in</html>', type: 'text/html' })).toMatchObject({ fault: 'address' });
    });

    it('does not read an error to its end', async () => {
      const { wire, server } = await play({ endless: 500 });
      const failure = await failureOf(wire.ask(requestOf(), never()));
      expect(failure.fault).toBe('server');
      expect(failure.message.length).toBeLessThan(600);
      await server.left;
    });

    it('fails when nobody is there', async () => {
      const { wire, server } = await play();
      await server.close();
      const failure = await failureOf(wire.ask(requestOf(), never()));
      expect(failure).toMatchObject({ fault: 'unreachable', failure: { kind: 'environment' } });
      expect(failure.message).toContain('ECONNREFUSED');
    });

    const long = { text: 'The whole truth.', calls: [{ id: 'c1', name: 'look_up', input: '{"word":"x"}' }] };

    it.each([
      ['ends', false],
      ['is reset', true],
    ])('acts on nothing of a stream that %s anywhere before its end', async (_, reset) => {
      // However many events there are: each cut of the stream is tried until the whole of it passes.
      for (let kept = 0; kept < 40; kept += 1) {
        let wasWhole = false;
        const bend = (events: object[]) => {
          wasWhole = kept >= events.length;
          return events.slice(0, kept);
        };
        const { wire } = await play({ say: long, bend, reset });
        const reply = await wire.ask(requestOf({ tools: [lookUp] }), never()).catch((error: unknown) => error);
        if (!(reply instanceof Error)) {
          expect(wasWhole).toBe(true);
          expect(reply).toMatchObject({ calls: [{ input: { word: 'x' } }] });
          return;
        }
        expect(reply).toMatchObject({ fault: 'broken', failure: { kind: 'environment' } });
      }
      throw new Error('it never became whole');
    });

    it('charges what had been said when a stream broke off', async () => {
      const text = 'word '.repeat(300);
      const usage = { input: 50, output: 400 };
      const { spent } = await failing({ say: { text, usage }, bend: (events) => events.slice(0, -2) });
      expect(spent).toMatchObject({ estimated: true });
      expect(spent?.outputTokens).toBeGreaterThan(300);
    });

    it.each([
      ['garbage instead of an event', 'data: {"type": "message_st\n\n'],
      ['an event of no format', 'event: message_start\ndata: {"type":"message_start","message":7}\n\n'],
      ['a null', 'event: message_start\ndata: null\n\n'],
      ['nothing', ''],
    ])('fails on %s', async (_, raw) => {
      expect(await failing({ raw })).toMatchObject({ fault: 'broken', scope: 'provider' });
    });

    it('fails on a refusal, an empty answer and one that ran into its limit, and charges them', async () => {
      const usage = { input: 10, output: 5 };
      const spent = { inputTokens: 10, outputTokens: 5, estimated: false };
      expect(await failing({ say: { refusal: 'I will\u001b[2J\nnot.', usage } })).toMatchObject({
        fault: 'refused',
        message: expect.stringMatching(/: I will \[2J not\.$/),
        failure: { kind: 'contract' },
        spent,
      });
      expect(await failing({ say: { text: ' ', usage } })).toMatchObject({ fault: 'empty', spent });
      const cut = { text: 'And th', calls: [{ id: 'c1', name: 'look_up', input: '{"wo' }], isCut: true, usage };
      expect(await failing({ say: cut }, { tools: [lookUp] })).toMatchObject({ fault: 'cut', spent });
    });

    it('stops reading an answer of 10 MB', async () => {
      const failure = await failing({ say: { text: 'x'.repeat(10_000_000) } });
      expect(failure).toMatchObject({ fault: 'oversize', failure: { kind: 'contract' } });
    });

    it.each([
      ['missing', undefined],
      ['zero', { input: 0, output: 0 }],
    ])('estimates usage that is %s', async (_, usage) => {
      const say = usage ? { text: 'Hello.', usage } : { text: 'Hello.' };
      const { wire } = await play({ say });
      const reply = await wire.ask(requestOf(), never());
      expect(reply.usage.estimated).toBe(true);
      expect(reply.usage.inputTokens).toBeGreaterThanOrEqual(10);
      expect(reply.usage.outputTokens).toBeGreaterThanOrEqual(2);
    });

    it('ends at once when it is aborted, with the reason, and leaves the server', async () => {
      const { wire, server } = await play({ hang: { text: 'One moment, please.' }, events: 4 });
      const stop = new AbortController();
      const reason = new Error('the company stops');
      const heard: string[] = [];
      const asked = wire.ask(requestOf(), stop.signal, (text) => {
        heard.push(text);
        stop.abort(reason);
      });
      await expect(asked).rejects.toBe(reason);
      await server.left;
      expect(heard).toHaveLength(1);
    });

    it('does not take a reader that throws for a broken answer', async () => {
      const { wire } = await play({ say: { text: 'Hello.' } });
      const asked = wire.ask(requestOf(), never(), () => {
        throw new RangeError('the reader is broken');
      });
      await expect(asked).rejects.toThrow(RangeError);
    });

    it('does not ask at all when it is aborted before', async () => {
      const { wire, server } = await play({ say: { text: 'Hello.' } });
      await expect(wire.ask(requestOf(), AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
      expect(server.asked).toEqual([]);
    });

    it('has a time limit of its own for an answer to begin', async () => {
      const server = await modelServer({ hang: { text: '' }, events: 0 });
      onTestFinished(() => server.close());
      const { wire } = await stage({
        ...format,
        timeoutMs: 1,
        url: `${server.url}${format.kind === 'openai' ? '/v1' : ''}`,
      });
      expect(await failureOf(wire.ask(requestOf(), never()))).toMatchObject({ fault: 'slow' });
    });

    it('sends no key where none is configured, nor anything else from the environment', async () => {
      const server = await modelServer({ say: { text: 'Hello.' } });
      onTestFinished(() => server.close());
      const url = `${server.url}${format.kind === 'openai' ? '/v1' : ''}`;
      const vendor = format.kind.toUpperCase();
      const around = {
        [`${vendor}_API_KEY`]: KEY,
        [`${vendor}_CUSTOM_HEADERS`]: `Authorization: Bearer ${KEY}\nX-Team: blue`,
      };
      for (const [name, value] of Object.entries(around)) vi.stubEnv(name, value);
      try {
        const wire = await openWire({ name: 'local', ...format, url }, { ...env, ...around }, clock);
        await wire.ask(requestOf(), never());
      } finally {
        vi.unstubAllEnvs();
      }
      const known = ['accept', 'content-type', 'user-agent', 'anthropic-version'];
      const ofNode = [
        'host',
        'connection',
        'content-length',
        'transfer-encoding',
        'accept-encoding',
        'accept-language',
        'sec-fetch-mode',
      ];
      const sent = Object.keys(server.asked[0]?.headers ?? {});
      expect(sent.filter((name) => !known.includes(name) && !ofNode.includes(name))).toEqual([]);
      expect(JSON.stringify(server.asked)).not.toContain(KEY);
    });

    it('is not opened without the key that it needs', async () => {
      const failure = await failureOf(openWire({ name: 'stub', ...format, key: 'NO_SUCH_KEY' }, env, clock));
      expect(failure).toMatchObject({ fault: 'key', message: expect.stringContaining('NO_SUCH_KEY is not set') });
    });
  });
}
