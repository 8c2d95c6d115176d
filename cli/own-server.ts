// An OpenAI-compatible server that a new company thinks with: its address and its model become the `models` section of org.yaml.

import { pricesWith } from '../brain/models/cost.ts';
import { listModels } from '../brain/models/model-list.ts';
import { WireFailure } from '../brain/models/wire.ts';
import { hostOf, refusedIp } from '../tools/web/address.ts';
import { UsageError } from './errors.ts';

export type OwnServer = {
  /** With `/v1`, or whatever stands in its place. */
  readonly url: string;
  readonly model: string;
  /** The variable that holds its key. */
  readonly key: string | undefined;
};

export type ServerOptions = {
  /** The model that was named; undefined: the first that the server has. */
  readonly model: string | undefined;
  readonly key: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Wall time, epoch ms. */
  readonly now: () => number;
  readonly signal: AbortSignal;
};

/** How the provider is called in org.yaml. */
const NAME = 'server';
const ANSWER_MS = 5_000;

/** The words of an answer that is an address, with or without a model behind it; undefined for anything else. */
export function serverIn(text: string): { readonly url: string; readonly model: string | undefined } | undefined {
  const [url = '', model, ...more] = text.split(/\s+/);
  if (!/^https?:\/\//i.test(url)) return undefined;
  if (more.length > 0 || !URL.canParse(url) || url.includes('@')) {
    // Not quoted: it may hold a password.
    throw new UsageError(
      'that is no address without user and password',
      'http://127.0.0.1:11434/v1, or that and a model',
    );
  }
  return { url: url.replace(/\/+$/, ''), model };
}

/**
 * The server at an address, with the model that is to be asked. Looks at the server's list of models where none was named, and
 * finds out whether `/v1` was left out.
 * Throws UsageError, and the signal's reason.
 */
export async function findServer(url: string, options: ServerOptions): Promise<OwnServer> {
  const { key, model } = options;
  if (key !== undefined && !/^[A-Z][A-Z0-9_]*$/.test(key)) {
    throw new UsageError('what --key has is no name of a variable', 'the name, never the key: --key MY_KEY');
  }
  if (model !== undefined) return { url, model, key };
  if (key !== undefined && !options.env[key]?.trim()) {
    throw new UsageError(
      `${key} is not set, and without it ${url} is not asked which models it has`,
      `export ${key}=... , or name the model: --model MODEL`,
    );
  }
  const isRoot = new URL(url).pathname === '/';
  const tried = isRoot ? [url, `${url}/v1`] : [url];
  let failure: unknown;
  for (const one of tried) {
    try {
      const [first] = (await listAt(one, options)).filter((name) => !/embed/i.test(name));
      if (first !== undefined) return { url: one, model: first, key };
      failure = new WireFailure(NAME, 'model', 'its list is empty');
    } catch (error) {
      if (!(error instanceof WireFailure)) throw error;
      failure = error;
      // Somebody answers, in another language: `/v1` may be missing.
      if (error.fault !== 'address' && error.fault !== 'model') break;
    }
  }
  const why = failure instanceof WireFailure ? failure.message.replace(`${NAME}: `, '') : '';
  const refused = failure instanceof WireFailure && failure.fault === 'key';
  throw new UsageError(
    `which models ${url} has it does not say: ${why}`,
    refused ? keyNext(key) : `name the model: ${url} MODEL`,
  );
}

function keyNext(key: string | undefined): string {
  return key === undefined
    ? 'name the variable of its key: --key MY_KEY'
    : `export ${key}=... with a key that it takes`;
}

async function listAt(url: string, { key, env, now, signal }: ServerOptions): Promise<readonly string[]> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  try {
    return await listModels({ name: NAME, kind: 'openai', url, key }, env, { now }, AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) throw new WireFailure(NAME, 'slow', `nothing within ${ANSWER_MS / 1_000} s`);
    throw error;
  }
}

/** Whether nobody sends a bill for what a server answers: it is on this machine or in this network. */
function isOurs(url: string): boolean {
  const host = hostOf(new URL(url));
  if (!host.includes('.') && !host.includes(':')) return true;
  if (/\.(?:localhost|local|lan|internal|home\.arpa)$/.test(host)) return true;
  return /^[\d.]+$|:/.test(host) && refusedIp(host) !== undefined;
}

/** True when org.yaml has to be given a price before the model is asked: a stranger's server is not taken for free. */
export function needsPrice({ url, model }: OwnServer): boolean {
  return !isOurs(url) && !pricesWith().has(model);
}

/** The `models` section of a company that thinks with a server. */
export function modelsSection({ url, model, key }: OwnServer): string {
  const quoted = JSON.stringify;
  const chain = `[${quoted(`${NAME}/${model}`)}]`;
  const provider = `{ kind: openai, url: ${quoted(url)}${key === undefined ? '' : `, key: ${key}`} }`;
  const price = `prices: { ${quoted(model)}: { input: 0, output: 0 } } # dollars for a million tokens`;
  return [
    'models:',
    `  providers: { ${NAME}: ${provider} }`,
    `  tiers: { strategy: ${chain}, coding: ${chain}, light: ${chain} }`,
    ...(pricesWith().has(model) ? [] : [isOurs(url) ? `  ${price}` : `  # ${price}`]),
    '',
  ].join('\n');
}
