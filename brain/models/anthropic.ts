// Anthropic's wire format through the official SDK: streamed, structured answers by the output format (never by a forced
// tool, which current models refuse), the prompt cached, thinking given back unchanged.

import Anthropic, { AnthropicError, APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { transformJSONSchema } from '@anthropic-ai/sdk/lib/transform-json-schema';
import { AnthropicStream, type Block } from './anthropic-stream.ts';
import { type CallContext, call } from './call.ts';
import { guardedFetch } from './http.ts';
import type { Exchange, ToolCall } from './model.ts';
import { contentOf, keepSaid } from './said.ts';
import { isClosed } from './structured.ts';
import { garbled, noConnection, type Trouble, tooSlow } from './trouble.ts';
import { usageOf } from './usage.ts';
import { type Wire, WireFailure, type WireReply, type WireRequest, type WireUsage } from './wire.ts';
import type { WireSettings } from './wire-settings.ts';

type Params = Anthropic.MessageCreateParamsStreaming;
type Heard = (text: string) => void;

/** Opens the wire. The environment is not asked for anything: all that counts is in the settings. */
export function openAnthropic(settings: WireSettings): Wire {
  const { provider, url, key, timeoutMs } = settings;
  const client = new Anthropic({
    apiKey: key ?? 'none',
    baseURL: url ?? 'https://api.anthropic.com',
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    openTelemetry: false,
    fetch: guardedFetch(provider, key === undefined ? {} : { 'x-api-key': key }),
  });
  return { provider, ask: (request, signal, heard) => ask(client, settings, request, signal, heard) };
}

async function ask(
  client: Anthropic,
  { provider, key, now }: WireSettings,
  request: WireRequest,
  signal: AbortSignal,
  heard?: Heard,
): Promise<WireReply> {
  const stream = new AnthropicStream(provider);
  const spent = (): WireUsage | undefined => {
    const soFar = stream.soFar();
    return soFar && usageOf(soFar.usage, request, soFar.text);
  };
  const context: CallContext = { provider, signal, now, secrets: key ? [key] : [], troubleOf, spent };
  return call(context, async (own) => {
    for await (const event of await client.messages.create(paramsOf(request, provider), { signal: own })) {
      const text = stream.take(event);
      if (text !== undefined && !signal.aborted) heard?.(text);
    }
    const usage = spent();
    if (!usage) throw new WireFailure(provider, 'broken', 'it ended before it began');
    return replyOf(stream, usage, request, provider);
  });
}

function paramsOf(request: WireRequest, provider: string): Params {
  const { model, system, prompt, rounds, maxTokens } = request;
  return {
    model,
    max_tokens: maxTokens,
    stream: true,
    ...(system === '' ? {} : { system: [{ type: 'text', text: system, cache_control: cached }] }),
    messages: [
      {
        role: 'user',
        content: [{ type: 'text', text: prompt, ...(request.tools.length > 0 ? { cache_control: cached } : {}) }],
      },
      ...rounds.flatMap((round, index) => roundOf(round, request, provider, index === rounds.length - 1)),
    ],
    ...toolsOf(request),
    ...outputOf(request),
  };
}

/** What stays the same from call to call: the rules of a role, its tools, and in a loop everything up to the last round. */
const cached = { type: 'ephemeral' } as const;

function toolsOf({ tools }: WireRequest): Pick<Params, 'tools'> {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, input }, index) => ({
      name,
      description,
      input_schema: { ...input, type: 'object' as const },
      ...(index === tools.length - 1 ? { cache_control: cached } : {}),
    })),
  };
}

function outputOf({ schema, effort }: WireRequest): Pick<Params, 'output_config'> {
  const format =
    schema && isClosed(schema)
      ? { format: { type: 'json_schema' as const, schema: transformJSONSchema({ ...schema, type: 'object' }) } }
      : {};
  const config = { ...format, ...(effort ? { effort } : {}) };
  return Object.keys(config).length > 0 ? { output_config: config } : {};
}

function roundOf(round: Exchange, request: WireRequest, provider: string, isLast: boolean): Params['messages'] {
  // The blocks are the provider's own, kept unchanged; only it can judge them.
  const said = contentOf(round, 'anthropic', request, provider) as unknown as Anthropic.ContentBlockParam[];
  const results = round.results.map(({ id, text, isError }, index) => ({
    type: 'tool_result' as const,
    tool_use_id: id,
    content: text,
    is_error: isError,
    ...(isLast && index === round.results.length - 1 ? { cache_control: cached } : {}),
  }));
  return [
    { role: 'assistant', content: said },
    { role: 'user', content: results },
  ];
}

function replyOf(stream: AnthropicStream, usage: WireUsage, { model }: WireRequest, provider: string): WireReply {
  const { blocks, inputs, stopReason } = stream.end();
  const fail = (fault: 'refused' | 'cut' | 'empty' | 'broken', more = '') =>
    new WireFailure(provider, fault, more, { spent: usage });
  const text = blocks
    .map((block) => (block.type === 'text' && typeof block.text === 'string' ? block.text : ''))
    .join('');
  const calls = callsOf(blocks, inputs);
  const said = keepSaid('anthropic', model, blocks);
  switch (stopReason) {
    case 'end_turn':
    case 'stop_sequence':
      if (calls.length > 0) throw fail('broken', 'it has calls, and says that it is at its end');
      if (text.trim() === '') throw fail('empty');
      return { text, calls, said, usage, stop: 'end' };
    case 'tool_use':
      if (calls.length === 0) throw fail('broken', 'it says that it has calls, and has none');
      return { text, calls, said, usage, stop: 'tools' };
    case 'max_tokens':
    case 'model_context_window_exceeded':
      throw fail('cut', stopReason);
    case 'refusal':
      throw fail('refused', text);
    default:
      throw fail('broken', `it stopped for a reason that is not known here: ${stopReason}`);
  }
}

function callsOf(blocks: readonly Block[], inputs: ReadonlyMap<number, unknown>): ToolCall[] {
  return blocks.flatMap((block, index) =>
    block.type === 'tool_use' ? [{ id: String(block.id), name: String(block.name), input: inputs.get(index) }] : [],
  );
}

function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof APIConnectionTimeoutError) return tooSlow;
  if (error instanceof APIConnectionError) return noConnection(error);
  if (!(error instanceof APIError)) return error instanceof AnthropicError ? garbled(error) : undefined;
  const { status, type, errorCode, headers, apiMessage } = error;
  return {
    status,
    names: [errorCode, type],
    message: apiMessage ?? error.message,
    headers,
    otherwise: 'broken',
  };
}
