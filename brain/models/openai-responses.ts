// The Responses API. The last event carries the whole response; the parts before it are for watching only.

import type OpenAI from 'openai';
import { z } from 'zod';
import { ANSWER_CHARACTERS } from './http.ts';
import type { Exchange, ToolCall } from './model.ts';
import type { AskOpenAi, OpenAiCall } from './openai.ts';
import { contentOf, keepSaid } from './said.ts';
import { ShownCall } from './shown-call.ts';
import { isClosed, openAiSchemaOf } from './structured.ts';
import { textOrJson } from './tool-input.ts';
import { faultOf } from './trouble.ts';
import type { GivenUsage } from './usage.ts';
import { WireFailure, type WireFault, type WireReply, type WireRequest } from './wire.ts';

type Params = OpenAI.Responses.ResponseCreateParamsStreaming;

const Item = z.looseObject({ type: z.string() });

const Message = z.looseObject({
  type: z.literal('message'),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() })),
});

const Called = z.looseObject({
  type: z.literal('function_call'),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});

const Whole = z.looseObject({
  status: z.string().nullish(),
  output: z.array(Item),
  error: z.looseObject({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  incomplete_details: z.looseObject({ reason: z.string().nullish() }).nullish(),
  usage: z
    .looseObject({
      input_tokens: z.number().nullish(),
      output_tokens: z.number().nullish(),
      input_tokens_details: z
        .looseObject({ cached_tokens: z.number().nullish(), cache_write_tokens: z.number().nullish() })
        .nullish(),
    })
    .nullish(),
});
type Whole = z.infer<typeof Whole>;

const StreamEvent = z.looseObject({
  type: z.string(),
  sequence_number: z.number().nullish(),
  delta: z.unknown().optional(),
  response: z.unknown().optional(),
  item: z.unknown().optional(),
  code: z.string().nullish(),
  message: z.string().nullish(),
});

/** A call that begins. */
const CallBegun = z.looseObject({ type: z.literal('function_call'), name: z.string() });

const lastEvents = ['response.completed', 'response.incomplete', 'response.failed'];

/** Throws WireFailure. */
export const askResponses: AskOpenAi = async (asked) => {
  const { client, request, signal, provider } = asked;
  const stream = await client.responses.create(paramsOf(asked), { signal });
  return replyOf(await wholeOf(stream, asked), request, provider);
};

async function wholeOf(stream: AsyncIterable<unknown>, { provider, heard, progress }: OpenAiCall): Promise<Whole> {
  let text = '';
  let last = -1;
  let begun = false;
  let whole: Whole | undefined;
  let shown: ShownCall | undefined;
  progress(() =>
    begun ? { usage: givenBy(whole?.usage), text: whole ? JSON.stringify(whole.output) : text } : undefined,
  );
  for await (const raw of stream) {
    const event = read(StreamEvent, raw, provider);
    begun = true;
    const number = event.sequence_number ?? last + 1;
    if (whole || number <= last) throw new WireFailure(provider, 'broken', `${event.type} came out of order`);
    last = number;
    if (event.type === 'error') throw inStream(provider, event.code, event.message);
    if (event.type.endsWith('.delta') && typeof event.delta === 'string') {
      text += event.delta;
      if (text.length > ANSWER_CHARACTERS) throw oversize(provider);
      if (event.type === 'response.output_text.delta') heard(event.delta);
      const first = event.type === 'response.function_call_arguments.delta' ? shown?.more(event.delta) : undefined;
      if (first !== undefined) heard(first);
    }
    if (event.type === 'response.output_item.added') {
      const name = CallBegun.safeParse(event.item).data?.name;
      shown = name === undefined ? undefined : new ShownCall(name);
      if (shown) heard(shown.name);
    }
    if (lastEvents.includes(event.type)) whole = read(Whole, event.response, provider);
  }
  if (!whole) throw new WireFailure(provider, 'broken', 'it ended before response.completed');
  return whole;
}

function oversize(provider: string): WireFailure {
  return new WireFailure(provider, 'oversize', `more than ${ANSWER_CHARACTERS} characters`);
}

function read<T>(schema: z.ZodType<T>, raw: unknown, provider: string): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new WireFailure(provider, 'broken', `an event that is none of the format: ${parsed.error.issues[0]?.message}`);
}

function inStream(provider: string, code: string | null | undefined, message: string | null | undefined): WireFailure {
  const told = message ?? '';
  return new WireFailure(provider, faultOf({ names: [code], message: told, otherwise: 'server' }), told);
}

function givenBy(usage: Whole['usage']): GivenUsage {
  const { cached_tokens, cache_write_tokens } = usage?.input_tokens_details ?? {};
  return {
    input: (usage?.input_tokens ?? 0) - (cached_tokens ?? 0) - (cache_write_tokens ?? 0),
    output: usage?.output_tokens,
    cacheRead: cached_tokens,
    cacheWrite: cache_write_tokens,
  };
}

function paramsOf({ request, provider }: OpenAiCall): Params {
  const { model, system, prompt, rounds, tools, maxTokens, effort } = request;
  return {
    model,
    stream: true,
    store: false,
    max_output_tokens: maxTokens,
    ...(system === '' ? {} : { instructions: system }),
    input: [{ role: 'user', content: prompt }, ...rounds.flatMap((round) => roundOf(round, request, provider))],
    ...(effort ? { reasoning: { effort } } : {}),
    ...(tools.length > 0 ? { tools: toolsOf(request), include: ['reasoning.encrypted_content'] } : {}),
    ...formatOf(request),
  };
}

function toolsOf({ tools }: WireRequest): OpenAI.Responses.Tool[] {
  return tools.map(({ name, description, input }) => {
    const { schema, strict } = openAiSchemaOf(input);
    return { type: 'function', name, description, parameters: schema, strict };
  });
}

function formatOf({ schema }: WireRequest): Pick<Params, 'text'> {
  if (!schema || !isClosed(schema)) return {};
  return { text: { format: { type: 'json_schema', name: 'answer', ...openAiSchemaOf(schema) } } };
}

function roundOf(round: Exchange, request: WireRequest, provider: string): OpenAI.Responses.ResponseInputItem[] {
  // The items are the provider's own, kept unchanged; only it can judge them.
  const said = contentOf(round, 'responses', request, provider) as unknown as OpenAI.Responses.ResponseInputItem[];
  const results = round.results.map(({ id, text, isError }) => ({
    type: 'function_call_output' as const,
    call_id: id,
    output: isError ? `Error: ${text}` : text,
  }));
  return [...said, ...results];
}

function replyOf(whole: Whole, { model }: WireRequest, provider: string): Omit<WireReply, 'usage'> {
  const fail = (fault: WireFault, more = '') => new WireFailure(provider, fault, more);
  const { status, error, incomplete_details: incomplete } = whole;
  if (status === 'failed' || error) throw inStream(provider, error?.code, error?.message);
  if (incomplete?.reason === 'content_filter') throw fail('refused', 'content_filter');
  if (status === 'incomplete') throw fail('cut', incomplete?.reason ?? '');
  const parts = whole.output.flatMap((item) => Message.safeParse(item).data?.content ?? []);
  const refusal = parts.find((part) => part.type === 'refusal');
  if (refusal) throw fail('refused', refusal.refusal);
  const text = parts.map((part) => (part.type === 'output_text' ? (part.text ?? '') : '')).join('');
  if (text.length > ANSWER_CHARACTERS) throw oversize(provider);
  const calls = whole.output.filter(({ type }) => type === 'function_call').map((item) => callOf(item, provider));
  return { text, calls, said: keepSaid('responses', model, whole.output), stop: calls.length > 0 ? 'tools' : 'end' };
}

function callOf(item: unknown, provider: string): ToolCall {
  const { call_id: id, name, arguments: input } = read(Called, item, provider);
  return { id, name, input: textOrJson(input) };
}
