// The answers of a script over HTTP, in a vendor's format, from a server that others wrote (@copilotkit/aimock), through the
// vendor's own SDK: routing, wires, streams, usage and failures are real, only the words are not.
//
// Invariants:
//   M1. The server answers what it is asked: it finds the question by the words that came over the line, or refuses it.
//   M2. On a virtual clock time stands still while something is on the line, and moves while the model thinks. Questions set out
//       one after the other, so that they arrive in the order in which they were asked.

import type { ChatCompletionRequest, FixtureResponse, LLMock } from '@copilotkit/aimock';
import type { Clock, Source } from '../../bus/clock.ts';
import { HeadcountError } from '../../bus/errors.ts';
import type { Failure } from '../../bus/records.ts';
import { type Answer, type Model, ModelFailure, type Question } from './model.ts';
import { openWire, type ProviderConfig } from './open-wire.ts';
import { type Outage, outageOf } from './scripted-wire.ts';
import type { Wire, WireReply, WireRequest } from './wire.ts';

/** The server is a package of its own, which a company that asks real providers does not need. */
export class MockMissing extends HeadcountError {
  override readonly name = 'MockMissing';
  constructor(cause: unknown) {
    super(
      'MOCK_MISSING',
      'a scenario with `wire: anthropic` needs the package @copilotkit/aimock, which is not installed',
      'npm i -D @copilotkit/aimock',
      { cause },
    );
  }
}

export type MockWires = {
  /** The router, with every question noted on its way to it. */
  before(router: Model): Model;
  open(provider: ProviderConfig): Promise<Wire>;
  close(): Promise<void>;
};

/** A question on its way. */
type Call = {
  readonly question: Question;
  readonly provider: string;
  readonly signal: AbortSignal;
  /** It is with the model: nothing is on the line. */
  isThinking: boolean;
  /** The server has got it, or it will never get there. */
  readonly arrived: () => void;
};

/** How long an answer may take to begin, ms of the wall: the script's own time is the company's. */
const TIMEOUT_MS = 60_000;

/** Anthropic's error for a failure that a script may tell; what is none of them cannot be said by a provider. */
const errors: Readonly<Partial<Record<Failure['kind'], { readonly status: number; readonly type: string }>>> = {
  permanent: { status: 400, type: 'invalid_request_error' },
  quota: { status: 429, type: 'rate_limit_error' },
  environment: { status: 500, type: 'api_error' },
};

/** True when a provider can say this: by a status, or by refusing to answer. */
export function isSaidByWire(kind: Failure['kind']): boolean {
  return kind === 'contract' || errors[kind] !== undefined;
}

/**
 * Starts the server on a free port of the loopback.
 * @param script answers, as it would without a wire; its prices do not count
 * Throws MockMissing.
 */
export async function openMockWires(script: Model, outages: readonly Outage[], clock: Clock): Promise<MockWires> {
  const mock = await startMock();
  const line = new Line(clock);
  mock.on({ predicate: () => true }, async (request) => {
    const call = line.arrive(keyIn(request));
    if (!call) return { status: 404, error: { message: 'nobody has asked this', type: 'not_found_error' } };
    const now = clock.now();
    const outage = outageOf(outages, call.provider, now);
    if (outage) return failed({ kind: 'quota', reason: 'out of quota', until: outage.until }, now);
    try {
      return said(await line.during(call, () => script.think(call.question, call.signal)));
    } catch (error) {
      if (error instanceof ModelFailure) return failed(error.failure, clock.now());
      throw error;
    }
  });
  return {
    before: (router) => ({
      quote: (question) => router.quote(question),
      think(question, signal, heard) {
        line.note(question);
        return router.think(question, signal, heard);
      },
    }),
    async open(provider) {
      const config = { ...provider, url: mock.url, key: undefined, timeoutMs: TIMEOUT_MS };
      // The SDK is loaded by the first question, while time stands still.
      const wire = () => openWire(config, {}, clock);
      return {
        provider: provider.name,
        ask: (...asked) => line.send(provider.name, asked, async () => (await wire()).ask(...asked)),
      };
    },
    async close() {
      line.close();
      await mock.stop();
    },
  };
}

async function startMock(): Promise<LLMock> {
  const { LLMock: Mock } = await import('@copilotkit/aimock').catch((error: unknown) => {
    throw new MockMissing(error);
  });
  const mock = new Mock({ port: 0, journalMaxEntries: 1 });
  await mock.start();
  return mock;
}

/** All questions between the company and the server. */
class Line implements Source {
  readonly #clock: Clock;
  readonly #asked = new Map<string, Question>();
  /** Sent and not yet there, by their words. */
  readonly #sent = new Map<string, Call[]>();
  readonly #calls = new Set<Call>();
  readonly #unwatch: () => void;
  #road: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#unwatch = clock.watch(this);
  }

  idle(): boolean {
    for (const { isThinking } of this.#calls) if (!isThinking) return false;
    return true;
  }

  note(question: Question): void {
    this.#asked.set(keyOf(question), question);
  }

  /** Sends a question when the road is free. */
  async send(
    provider: string,
    [request, signal]: readonly [WireRequest, AbortSignal, ...unknown[]],
    ask: () => Promise<WireReply>,
  ): Promise<WireReply> {
    const key = keyOf(request);
    const question = this.#asked.get(key);
    if (!question) throw new Error(`a question that did not come this way: ${request.label}`);
    let arrived = () => {};
    const before = this.#road;
    this.#road = new Promise((resolve) => {
      arrived = resolve;
    });
    const call: Call = { question, provider, signal, isThinking: false, arrived };
    this.#calls.add(call);
    try {
      await before;
      this.#sent.set(key, [...(this.#sent.get(key) ?? []), call]);
      return await ask();
    } finally {
      this.#forget(key, call);
    }
  }

  /** The question that came with these words; undefined for one that nobody sent. */
  arrive(key: string): Call | undefined {
    const [call, ...rest] = this.#sent.get(key) ?? [];
    this.#sent.set(key, rest);
    call?.arrived();
    return call;
  }

  /** Lets time pass while a model thinks. */
  async during<T>(call: Call, think: () => Promise<T>): Promise<T> {
    call.isThinking = true;
    try {
      return await think();
    } finally {
      call.isThinking = false;
    }
  }

  close(): void {
    this.#unwatch();
  }

  #forget(key: string, call: Call): void {
    this.#calls.delete(call);
    const left = (this.#sent.get(key) ?? []).filter((one) => one !== call);
    if (left.length > 0) this.#sent.set(key, left);
    else this.#sent.delete(key);
    call.arrived();
    this.#clock.poke();
  }
}

/** A question is known by all that is said in it; of a tool loop, by how far it is. */
function keyOf({ system, prompt, rounds }: Pick<WireRequest, 'system' | 'prompt' | 'rounds'>): string {
  return JSON.stringify([system, prompt, rounds.length]);
}

/** The same, of what the server was sent. */
function keyIn({ messages }: ChatCompletionRequest): string {
  const text = (role: string) => messages.find((one) => one.role === role)?.content ?? '';
  return JSON.stringify([text('system'), text('user'), messages.filter(({ role }) => role === 'assistant').length]);
}

function said({ text, calls, usage }: Answer): FixtureResponse {
  const counted = { usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens } };
  if (calls.length === 0) return { content: text, ...counted };
  const toolCalls = calls.map(({ id, name, input }) => ({ id, name, arguments: JSON.stringify(input) }));
  return text === '' ? { toolCalls, ...counted } : { content: text, toolCalls, ...counted };
}

function failed({ kind, reason, until }: Failure, now: number): FixtureResponse {
  const error = errors[kind];
  if (!error) return { content: reason, finishReason: 'refusal' };
  const wait = until === undefined ? {} : { retryAfter: Math.max(0, Math.ceil((until - now) / 1_000)) };
  return { status: error.status, error: { message: reason, type: error.type }, ...wait };
}
