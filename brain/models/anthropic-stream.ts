// Folds the events of one Anthropic stream into a message. Strict: a message is whole only when every block was opened and
// closed in its turn and `message_stop` came; anything else throws, and nothing of it may be used.

import { z } from 'zod';
import { ANSWER_CHARACTERS } from './http.ts';
import { ShownCall } from './shown-call.ts';
import { textOrJson } from './tool-input.ts';
import type { GivenUsage } from './usage.ts';
import { WireFailure } from './wire.ts';

const Count = z.number().nullish();

const Counts = z.looseObject({
  input_tokens: Count,
  output_tokens: Count,
  cache_read_input_tokens: Count,
  cache_creation_input_tokens: Count,
});

const Block = z.looseObject({ type: z.string() });
export type Block = z.infer<typeof Block>;

const Delta = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text_delta'), text: z.string() }),
  z.looseObject({ type: z.literal('thinking_delta'), thinking: z.string() }),
  z.looseObject({ type: z.literal('signature_delta'), signature: z.string() }),
  z.looseObject({ type: z.literal('input_json_delta'), partial_json: z.string() }),
  z.looseObject({ type: z.literal('citations_delta'), citation: z.unknown() }),
]);
type Delta = z.infer<typeof Delta>;

const StreamEvent = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('message_start'), message: z.looseObject({ usage: Counts.nullish() }) }),
  z.looseObject({ type: z.literal('content_block_start'), index: z.number(), content_block: Block }),
  z.looseObject({ type: z.literal('content_block_delta'), index: z.number(), delta: Delta }),
  z.looseObject({ type: z.literal('content_block_stop'), index: z.number() }),
  z.looseObject({
    type: z.literal('message_delta'),
    delta: z.looseObject({ stop_reason: z.string().nullish() }),
    usage: Counts.nullish(),
  }),
  z.looseObject({ type: z.literal('message_stop') }),
  z.looseObject({ type: z.literal('ping') }),
]);
type StreamEvent = z.infer<typeof StreamEvent>;

type Phase = 'before' | 'between' | 'inside' | 'after';

export class AnthropicStream {
  readonly #provider: string;
  readonly #blocks: Block[] = [];
  /** Arguments of the calls as they came, by the index of the block. */
  readonly #inputs = new Map<number, string>();
  /** The call that is coming. */
  #shown: ShownCall | undefined;
  #phase: Phase = 'before';
  #size = 0;
  #stopReason: string | undefined;
  #usage: z.infer<typeof Counts> = {};

  constructor(provider: string) {
    this.#provider = provider;
  }

  /**
   * Takes the next event. Returns what a watcher may already see of it.
   * Throws WireFailure (broken, oversize).
   */
  take(raw: unknown): string | undefined {
    const event = StreamEvent.safeParse(raw);
    if (!event.success) throw this.#broken(`an event that is none of the format: ${event.error.issues[0]?.message}`);
    return this.#apply(event.data);
  }

  #apply(event: StreamEvent): string | undefined {
    switch (event.type) {
      case 'ping':
        return undefined;
      case 'message_start':
        this.#expect('before', event.type);
        this.#phase = 'between';
        this.#count(event.message.usage);
        return undefined;
      case 'content_block_start':
        this.#expect('between', event.type, event.index === this.#blocks.length);
        this.#phase = 'inside';
        this.#blocks.push({ ...event.content_block });
        return this.#begin(event.content_block);
      case 'content_block_delta':
        this.#expect('inside', event.type, event.index === this.#blocks.length - 1);
        return this.#grow(event.delta);
      case 'content_block_stop':
        this.#expect('inside', event.type, event.index === this.#blocks.length - 1);
        this.#phase = 'between';
        return undefined;
      case 'message_delta':
        this.#expect('between', event.type);
        this.#stopReason = event.delta.stop_reason ?? this.#stopReason;
        this.#count(event.usage);
        return undefined;
      case 'message_stop':
        this.#expect('between', event.type);
        this.#phase = 'after';
        return undefined;
    }
  }

  /**
   * The message, once it is whole.
   * Throws WireFailure (broken).
   */
  end(): { blocks: readonly Block[]; inputs: ReadonlyMap<number, unknown>; stopReason: string } {
    if (this.#phase !== 'after') throw this.#broken('it ended before message_stop');
    if (this.#stopReason === undefined) throw this.#broken('it does not say why it stopped');
    const inputs = new Map<number, unknown>();
    for (const [index, block] of this.#blocks.entries()) {
      if (block.type !== 'tool_use') continue;
      const input = textOrJson(this.#inputs.get(index) ?? JSON.stringify(block.input ?? {}));
      inputs.set(index, input);
      // What was no JSON cannot be given back as such; the result of the call says so to the model.
      this.#blocks[index] = { ...block, input: typeof input === 'string' ? {} : input };
    }
    return { blocks: this.#blocks, inputs, stopReason: this.#stopReason };
  }

  /** Everything said so far, for estimates of what it cost; undefined while no model has read anything. */
  soFar(): { usage: GivenUsage; text: string } | undefined {
    if (this.#phase === 'before') return undefined;
    const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = this.#usage;
    const blocks = this.#blocks.map(({ text = '', thinking = '' }) => `${text}${thinking}`);
    return {
      // The count at the start of a message is of no use when the end, which would say more, never comes.
      usage: {
        input: input_tokens,
        output: this.#stopReason === undefined ? undefined : output_tokens,
        cacheRead: cache_read_input_tokens,
        cacheWrite: cache_creation_input_tokens,
      },
      text: [...blocks, ...this.#inputs.values()].join(''),
    };
  }

  /** Later counts are of the whole message and replace earlier ones. */
  #count(counts: z.infer<typeof Counts> | null | undefined): void {
    const given = Object.entries(counts ?? {}).filter(([, count]) => typeof count === 'number');
    this.#usage = { ...this.#usage, ...Object.fromEntries(given) };
  }

  #begin({ type, name }: Block): string | undefined {
    this.#shown = type === 'tool_use' && typeof name === 'string' ? new ShownCall(name) : undefined;
    return this.#shown?.name;
  }

  #grow(delta: Delta): string | undefined {
    const index = this.#blocks.length - 1;
    const block = this.#blocks[index];
    if (!block) throw this.#broken('a part of a block that nobody began');
    switch (delta.type) {
      case 'text_delta':
        this.#append(block, 'text', delta.text);
        return delta.text;
      case 'thinking_delta':
        this.#append(block, 'thinking', delta.thinking);
        return undefined;
      case 'signature_delta':
        block.signature = delta.signature;
        return undefined;
      case 'citations_delta':
        block.citations = [...(Array.isArray(block.citations) ? block.citations : []), delta.citation];
        return undefined;
      case 'input_json_delta':
        this.#inputs.set(index, `${this.#inputs.get(index) ?? ''}${this.#sized(delta.partial_json)}`);
        return this.#shown?.more(delta.partial_json);
    }
  }

  #append(block: Block, part: 'text' | 'thinking', more: string): void {
    if (block.type !== part) throw this.#broken(`${part} in a block of type ${block.type}`);
    block[part] = `${typeof block[part] === 'string' ? block[part] : ''}${this.#sized(more)}`;
  }

  #sized(more: string): string {
    this.#size += more.length;
    if (this.#size <= ANSWER_CHARACTERS) return more;
    throw new WireFailure(this.#provider, 'oversize', `more than ${ANSWER_CHARACTERS} characters`);
  }

  #expect(phase: Phase, type: StreamEvent['type'], inOrder = true): void {
    if (this.#phase !== phase || !inOrder) throw this.#broken(`${type} came out of order`);
  }

  #broken(what: string): WireFailure {
    return new WireFailure(this.#provider, 'broken', what);
  }
}
