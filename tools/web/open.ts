// The web as org.yaml allows it.

import { Agent } from 'undici';
import type { WebSettings } from '../../org/org.ts';
import { shownText } from './html.ts';
import { ask, type Reply } from './http.ts';
import { readPage } from './page.ts';
import { pinnedDispatcher, type Resolve } from './pinned.ts';
import { wires } from './providers.ts';
import { type SearchResult, type Web, WebFailure, webLimits } from './web.ts';

export type WebOptions = {
  /** From org.yaml; a company without any has `noWeb`. */
  readonly settings: WebSettings;
  /** Where the key of the search engine is. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves names; asks the system unless told. */
  readonly resolve?: Resolve | undefined;
};

/** Opens the web. Nothing is connected before it is asked. */
export function openWeb({ settings, env, resolve }: WebOptions): Web {
  const pages = pinnedDispatcher(resolve);
  // The search engine's address is the operator's own word: it may be on this machine.
  const engine = new Agent({ connect: { timeout: webLimits.ms } });
  return {
    search: (query, signal) => search(settings, env, engine, query, signal),
    read: (url, signal) => readPage(url, settings.allow, pages, signal),
  };
}

const keyOf = ({ key }: WebSettings, env: WebOptions['env']): string => env[key ?? '']?.trim() ?? '';

/** What a search engine lacks before it can be asked; undefined when nothing. */
export function webMissing(settings: WebSettings, env: WebOptions['env']): WebFailure | undefined {
  const { provider, key, url } = settings;
  const wire = wires[provider];
  if ((url ?? wire.url) === undefined) return off(`${provider} has no address`, 'say where it is: web.url in org.yaml');
  if (!wire.needsKey || keyOf(settings, env) !== '') return undefined;
  return off(`${provider} needs a key`, `set ${key ?? 'a variable, and name it in org.yaml (web.key)'}`);
}

async function search(
  settings: WebSettings,
  env: WebOptions['env'],
  engine: Agent,
  query: string,
  signal: AbortSignal,
): Promise<readonly SearchResult[]> {
  const missing = webMissing(settings, env);
  if (missing) throw missing;
  const { provider, url: given } = settings;
  const wire = wires[provider];
  const base = given ?? wire.url ?? '';
  const key = keyOf(settings, env);
  const { url, ...asked } = wire.request(base, query.slice(0, webLimits.query), key);
  const reply = await ask(url, asked, engine, signal);
  refuseStatus(provider, reply);
  return tidied(provider, () => wire.results(reply.text));
}

function off(message: string, next: string): WebFailure {
  return new WebFailure('off', message, next);
}

function refuseStatus(provider: string, { status }: Reply): void {
  if (status === 200) return;
  if (status === 401 || status === 403) throw off(`${provider} refuses the key (${status})`, 'check the key');
  if (status === 429 || status === 432)
    throw new WebFailure('quota', `${provider} was asked too often (${status})`, 'wait, or use another search engine');
  throw new WebFailure('failed', `${provider} answers ${status}`, 'try again later, or use another search engine');
}

/** Results as text: without markup, of pages that can have an address, and not too many. */
function tidied(provider: string, read: () => readonly SearchResult[]): readonly SearchResult[] {
  let found: readonly SearchResult[];
  try {
    found = read();
  } catch (cause) {
    throw new WebFailure(
      'failed',
      `${provider} answers in words that nobody here understands`,
      'check web.url and web.provider in org.yaml',
      cause,
    );
  }
  return found
    .filter(({ url }) => /^https?:\/\//i.test(url) && URL.canParse(url) && url.length <= webLimits.url)
    .slice(0, webLimits.results)
    .map(({ title, url, snippet }) => ({
      title: shownText(title).text.slice(0, 200),
      url: new URL(url).href,
      snippet: shownText(snippet).text.slice(0, 600),
    }));
}
