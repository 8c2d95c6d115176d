// Which models a server says that it has. Costs nothing; what it leaves out may be there all the same (other names of a model,
// keys that may not list).

import { z } from 'zod';
import type { Clock } from '../../bus/clock.ts';
import { call } from './call.ts';
import { guardedFetch } from './http.ts';
import { type ProviderConfig, settingsOf } from './open-wire.ts';
import { failureOf, noConnection } from './trouble.ts';
import { WireFailure } from './wire.ts';

const List = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) });
const Refusal = z.looseObject({
  error: z.looseObject({
    message: z.string().nullish(),
    type: z.string().nullish(),
    code: z.string().nullish(),
  }),
});

/** Most models of a list that are asked for: all that any vendor has. */
const MOST = 1_000;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The names of a server's models, as it spells them.
 * @param signal the time it may take; its reason is thrown when it ends
 * Throws WireFailure: among others `address` where there is no list.
 */
export async function listModels(
  config: ProviderConfig,
  env: Env,
  clock: Pick<Clock, 'now'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { provider, url, key, now } = settingsOf(config, env, clock);
  const anthropic = config.kind === 'anthropic';
  const base = (url ?? (anthropic ? 'https://api.anthropic.com' : 'https://api.openai.com/v1')).replace(/\/+$/, '');
  const bearer = { authorization: `Bearer ${key}` };
  const ask = guardedFetch(provider, key === undefined ? {} : anthropic ? { 'x-api-key': key } : bearer);
  const secrets = key ? [key] : [];
  const troubleOf = (error: unknown) => (error instanceof TypeError ? noConnection(error) : undefined);
  return call({ provider, signal, now, secrets, troubleOf, spent: () => undefined }, async (own) => {
    const address = anthropic ? `${base}/v1/models?limit=${MOST}` : `${base}/models`;
    const headers: Record<string, string> = anthropic ? { 'anthropic-version': '2023-06-01' } : {};
    const response = await ask(address, { headers, signal: own });
    const text = await response.text();
    if (!response.ok) {
      const { message, type, code } = Refusal.safeParse(jsonIn(text)).data?.error ?? {};
      const { status, headers: told } = response;
      const trouble = {
        status,
        names: [code, type],
        message: message ?? '',
        headers: told,
        otherwise: 'broken' as const,
      };
      throw failureOf(trouble, { provider, now: now(), secrets });
    }
    const list = List.safeParse(jsonIn(text));
    if (!list.success) throw new WireFailure(provider, 'address', 'there is no list of models');
    return list.data.data.map(({ id }) => id);
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
