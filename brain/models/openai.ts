// OpenAI's two wire formats through the official SDK, and everything that speaks one of them: Ollama, vLLM, LM Studio.

import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, OpenAIError } from 'openai';
import { type CallContext, call } from './call.ts';
import { guardedFetch } from './http.ts';
import { askChat } from './openai-chat.ts';
import { askResponses } from './openai-responses.ts';
import { garbled, noConnection, type Trouble, tooSlow } from './trouble.ts';
import { type GivenUsage, usageOf } from './usage.ts';
import { type Wire, WireFailure, type WireReply, type WireRequest, type WireUsage } from './wire.ts';
import type { WireSettings } from './wire-settings.ts';

/** What has come so far of an answer; undefined while no model has read anything. */
export type SoFar = { readonly usage: GivenUsage; readonly text: string };

/** One call in a wire format of OpenAI's. */
export type OpenAiCall = {
  readonly client: OpenAI;
  readonly provider: string;
  /** True at OpenAI's own address, which knows names that others do not. */
  readonly isOfficial: boolean;
  readonly request: WireRequest;
  readonly signal: AbortSignal;
  /** To be called with every part of the text. */
  readonly heard: (text: string) => void;
  /** To be told what has come so far, so that a failure can be paid for. */
  readonly progress: (soFar: () => SoFar | undefined) => void;
};

/** Asks once and gives the reply without its usage, which comes from what `progress` was told. */
export type AskOpenAi = (asked: OpenAiCall) => Promise<Omit<WireReply, 'usage'>>;

/** Opens the wire. The environment is not asked for anything: all that counts is in the settings. */
export function openOpenAi(settings: WireSettings, api: 'responses' | 'chat'): Wire {
  const client = clientOf(settings);
  const ask = api === 'chat' ? askChat : askResponses;
  return {
    provider: settings.provider,
    ask: (request, signal, heard) => asked(ask, client, settings, request, signal, heard),
  };
}

/** A client that sends the given key, or none, to the given address, and tries once. */
export function clientOf({ provider, url, key, timeoutMs }: WireSettings): OpenAI {
  return new OpenAI({
    apiKey: key ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: url ?? 'https://api.openai.com/v1',
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    fetch: guardedFetch(provider, key === undefined ? {} : { authorization: `Bearer ${key}` }),
  });
}

async function asked(
  ask: AskOpenAi,
  client: OpenAI,
  settings: WireSettings,
  request: WireRequest,
  signal: AbortSignal,
  heard?: (text: string) => void,
): Promise<WireReply> {
  const { provider, url } = settings;
  let soFar: () => SoFar | undefined = () => undefined;
  const spent = (): WireUsage | undefined => {
    const come = soFar();
    return come && usageOf(come.usage, request, come.text);
  };
  return call(contextOf(settings, signal, spent), async (own) => {
    const reply = await ask({
      client,
      provider,
      isOfficial: url === undefined,
      request,
      signal: own,
      heard: (text) => {
        if (!signal.aborted) heard?.(text);
      },
      progress: (told) => {
        soFar = told;
      },
    });
    const usage = spent();
    if (!usage) throw new WireFailure(provider, 'broken', 'it ended before it began');
    if (reply.stop === 'end' && reply.text.trim() === '')
      throw new WireFailure(provider, 'empty', '', { spent: usage });
    return { ...reply, usage };
  });
}

/** How a call of this SDK is judged. */
export function contextOf(
  { provider, key, now }: WireSettings,
  signal: AbortSignal,
  spent: CallContext['spent'] = () => undefined,
): CallContext {
  return { provider, signal, now, secrets: key ? [key] : [], troubleOf, spent };
}

function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof APIConnectionTimeoutError) return tooSlow;
  if (error instanceof APIConnectionError) return noConnection(error);
  if (!(error instanceof APIError)) return error instanceof OpenAIError ? garbled(error) : undefined;
  const { status, code, type, headers, message } = error;
  return { status, names: [code, type], message: message.replace(/^\d{3} /, ''), headers, otherwise: 'broken' };
}
