// Opens wires from plain configuration. The SDKs are large: they are loaded when the first wire needs them.

import type { Clock } from '../../bus/clock.ts';
import { type Wire, WireFailure } from './wire.ts';
import type { WireSettings } from './wire-settings.ts';

/** One provider as the company's file describes it. */
export type ProviderConfig = {
  /** How it is called in the file, in failures and on the stream. */
  readonly name: string;
  readonly kind: 'anthropic' | 'openai';
  /** Which of OpenAI's formats; `responses` at its own address, `chat` at any other unless told. */
  readonly api?: 'responses' | 'chat' | undefined;
  /**
   * Undefined: the provider's own address. For kind `anthropic` without `/v1`, for kind `openai` with it
   * (`http://127.0.0.1:11434/v1` is Ollama).
   */
  readonly url?: string | undefined;
  /**
   * Name of the environment variable that holds the key. Undefined: `ANTHROPIC_API_KEY` or `OPENAI_API_KEY` at the
   * provider's own address, and none at any other: a key never goes to a server it was not meant for.
   */
  readonly key?: string | undefined;
  /** How long an answer may take to begin, ms; ten minutes unless told. */
  readonly timeoutMs?: number | undefined;
};

type Env = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 10 * 60_000;

/** Name of the environment variable with a provider's key; undefined when it needs none. */
export function keyNameOf({ kind, url, key }: ProviderConfig): string | undefined {
  if (key !== undefined || url !== undefined) return key;
  return kind === 'anthropic' ? 'ANTHROPIC_API_KEY' : 'OPENAI_API_KEY';
}

/**
 * Opens the wire of a provider. Nothing is sent.
 * Throws WireFailure (key) when the variable with its key is not set.
 */
export async function openWire(config: ProviderConfig, env: Env, clock: Pick<Clock, 'now'>): Promise<Wire> {
  const settings = settingsOf(config, env, clock);
  if (config.kind === 'anthropic') return (await import('./anthropic.ts')).openAnthropic(settings);
  const api = config.api ?? (config.url === undefined ? 'responses' : 'chat');
  return (await import('./openai.ts')).openOpenAi(settings, api);
}

/** What an adapter needs of a provider. Throws WireFailure (key). */
export function settingsOf(config: ProviderConfig, env: Env, clock: Pick<Clock, 'now'>): WireSettings {
  const { name, url, timeoutMs = TIMEOUT_MS } = config;
  const keyName = keyNameOf(config);
  const key = keyName === undefined ? undefined : env[keyName]?.trim();
  if (keyName !== undefined && !key) throw new WireFailure(name, 'key', `${keyName} is not set`);
  return { provider: name, url, key, timeoutMs, now: () => clock.now() };
}
