// Chat completions: what nearly every server of open models speaks. An answer is whole when its stream gave a reason to stop.

import type OpenAI from 'openai';
import { z } from 'zod';
import { ANSWER_CHARACTERS } from './http.ts';
import type { Exchange, ToolCall } from './model.ts';
import type { AskOpenAi, OpenAiCall } from './openai.ts';
import { contentOf, keepSaid } from './said.ts';
import { ShownCall } from './shown-call.ts';
import { isClosed, openAiSchemaOf } from './structured.ts';
import { textOrJson } from './tool-input.ts';
import type { GivenUsage } from './usage.ts';
import { WireFailure, type WireFault, type WireReply, type WireRequest } from './wire.ts';

type Params = OpenAI.ChatCompletionCreateParamsStreaming;
type Message = OpenAI.ChatCompletionMessageParam;

const CallPart = z.looseObject({
  index: z.number().nullish(),
  id: z.string().nullish(),
  function: z.looseObject({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
type CallPart = z.infer<typeof CallPart>;

const Choice = z.looseObject({
  delta: z
    .looseObject({
      content: z.string().nullish(),
      refusal: z.string().nullish(),
      tool_calls: z.array(CallPart).nullish(),
    })
    .nullish(),
  finish_reason: z.string().nullish(),
});
type Choice = z.infer<typeof Choice>;

const Chunk = z.looseObject({
  choices: z.array(Choice),
  usage: z
    .looseObject({
      prompt_tokens: z.number().nullish(),
      completion_tokens: z.number().nullish(),
      prompt_tokens_details: z
        .looseObject({ cached_tokens: z.number().nullish(), cache_write_tokens: z.number().nullish() })
        .nullish(),
    })
    .nullish(),
});
type Chunk = z.infer<typeof Chunk>;

/** Throws WireFailure. */
export const askChat: AskOpenAi = async (asked) => {
  const { client, request, signal, provider, heard, progress } = asked;
  const stream = new ChatStream(provider);
  progress(() => stream.soFar());
  for await (const chunk of await client.chat.completions.create(paramsOf(asked), { signal })) {
    const text = stream.take(chunk);
    if (text) heard(text);
  }
  return stream.end(request);
};

type Call = { id: string; name: string; input: string; readonly shown: ShownCall };

class ChatStream {
  readonly #provider: string;
  readonly #calls: Call[] = [];
  #text = '';
  #refusal = '';
  #size = 0;
  #begun = false;
  #finish: string | undefined;
  #usage: Chunk['usage'];

  constructor(provider: string) {
    this.#provider = provider;
  }

  take(raw: unknown): string | undefined {
    const chunk = Chunk.safeParse(raw);
    if (!chunk.success)
      throw this.#fail('broken', `a part that is none of the format: ${chunk.error.issues[0]?.message}`);
    this.#begun = true;
    this.#usage = chunk.data.usage ?? this.#usage;
    const [choice] = chunk.data.choices;
    return choice && this.#grow(choice);
  }

  #grow({ delta, finish_reason }: Choice): string | undefined {
    const { content, refusal, tool_calls: parts } = delta ?? {};
    if (this.#finish !== undefined && (content || refusal || parts?.length)) {
      throw this.#fail('broken', 'a part came after the end');
    }
    this.#text += this.#sized(content);
    this.#refusal += this.#sized(refusal);
    const shown = (parts ?? []).map((part) => this.#growCall(part));
    this.#finish = finish_reason ?? this.#finish;
    return [content ?? '', ...shown].join('') || undefined;
  }

  /**
   * A part belongs to the call of its index; some servers give every call the index 0, but each an id of its own. Returns what
   * a watcher may see of it.
   */
  #growCall({ index, id, function: called }: CallPart): string {
    const place = index ?? 0;
    const known = id ? this.#calls.find((call) => call.id === id) : this.#calls[place];
    const begun = known ?? this.#beginCall(place, id ?? '', called?.name ?? '');
    const more = this.#sized(called?.arguments);
    begun.input += more;
    return `${known ? '' : begun.shown.name}${begun.shown.more(more) ?? ''}`;
  }

  #beginCall(place: number, id: string, name: string): Call {
    if (name === '' || place > this.#calls.length) throw this.#fail('broken', 'a part of a call that nobody began');
    const call = { id: id || `call_${this.#calls.length}`, name, input: '', shown: new ShownCall(name) };
    this.#calls.push(call);
    return call;
  }

  #sized(more: string | null | undefined): string {
    this.#size += more?.length ?? 0;
    if (this.#size > ANSWER_CHARACTERS) throw this.#fail('oversize', `more than ${ANSWER_CHARACTERS} characters`);
    return more ?? '';
  }

  soFar(): { usage: GivenUsage; text: string } | undefined {
    if (!this.#begun) return undefined;
    const { cached_tokens, cache_write_tokens } = this.#usage?.prompt_tokens_details ?? {};
    const usage = {
      input: (this.#usage?.prompt_tokens ?? 0) - (cached_tokens ?? 0) - (cache_write_tokens ?? 0),
      output: this.#usage?.completion_tokens,
      cacheRead: cached_tokens,
      cacheWrite: cache_write_tokens,
    };
    return { usage, text: [this.#text, this.#refusal, ...this.#calls.map(({ input }) => input)].join('') };
  }

  end({ model }: WireRequest): Omit<WireReply, 'usage'> {
    if (this.#finish === undefined) throw this.#fail('broken', 'it ended before it gave a reason');
    if (this.#finish === 'length') throw this.#fail('cut', 'length');
    if (this.#finish === 'content_filter' || this.#refusal !== '') throw this.#fail('refused', this.#refusal);
    const hasCalls = this.#calls.length > 0;
    // Some servers say `stop` where they mean `tool_calls`; the calls are whole all the same.
    const isKnown = this.#finish === 'stop' || (this.#finish === 'tool_calls' && hasCalls);
    if (!isKnown) throw this.#fail('broken', `it stopped for a reason that does not fit: ${this.#finish}`);
    const calls = this.#calls.map(({ id, name, input }): ToolCall => ({ id, name, input: textOrJson(input) }));
    return { text: this.#text, calls, said: this.#said(model), stop: hasCalls ? 'tools' : 'end' };
  }

  #said(model: string): unknown {
    const calls = this.#calls.map(({ id, name, input }) => ({
      id,
      type: 'function',
      function: { name, arguments: input },
    }));
    const message = { role: 'assistant', content: this.#text, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
    return keepSaid('chat', model, [message]);
  }

  #fail(fault: WireFault, more: string): WireFailure {
    return new WireFailure(this.#provider, fault, more);
  }
}

function paramsOf({ request, provider, isOfficial }: OpenAiCall): Params {
  const { model, system, prompt, rounds, maxTokens, effort } = request;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    // The newer name at OpenAI's own address, the one that every server knows elsewhere.
    ...(isOfficial ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens }),
    ...(isOfficial && effort ? { reasoning_effort: effort } : {}),
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: system } as const]),
      { role: 'user', content: prompt },
      ...rounds.flatMap((round) => roundOf(round, request, provider)),
    ],
    ...toolsOf(request),
    ...formatOf(request),
  };
}

function toolsOf({ tools }: WireRequest): Pick<Params, 'tools'> {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, input }) => {
      const { schema, strict } = openAiSchemaOf(input);
      const called = { name, description, parameters: schema, ...(strict ? { strict } : {}) };
      return { type: 'function', function: called };
    }),
  };
}

function formatOf({ schema }: WireRequest): Pick<Params, 'response_format'> {
  if (!schema || !isClosed(schema)) return {};
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', ...openAiSchemaOf(schema) } } };
}

function roundOf(round: Exchange, request: WireRequest, provider: string): Message[] {
  // The message is the provider's own, kept unchanged; only it can judge it.
  const said = contentOf(round, 'chat', request, provider) as unknown as Message[];
  const results = round.results.map(({ id, text, isError }) => ({
    role: 'tool' as const,
    tool_call_id: id,
    content: isError ? `Error: ${text}` : text,
  }));
  return [...said, ...results];
}
