// What mends each fault of a provider of models: the next command, or the place to change.

import { keyNameOf } from '../../brain/models/open-wire.ts';
import type { WireFailure, WireFault } from '../../brain/models/wire.ts';
import type { ProviderSettings } from '../../org/org.ts';
import { nearest } from '../../org/problems.ts';

/** Names that are shown of a list that may have hundreds. */
const SHOWN = 4;
const AGAIN = 'headcount doctor --live';
const OLLAMA_PORT = '11434';

/** Where people get keys and credit, at the vendors' own addresses. */
const consoles = {
  anthropic: {
    keys: 'https://platform.claude.com/settings/keys',
    credit: 'https://platform.claude.com/settings/billing',
  },
  openai: {
    keys: 'https://platform.openai.com/api-keys',
    credit: 'https://platform.openai.com/settings/organization/billing',
  },
} as const;

type Case = {
  readonly failure: WireFailure;
  readonly provider: ProviderSettings;
  readonly model: string;
  /** The models that the server says it has. */
  readonly list: readonly string[];
};

const place = ({ name }: ProviderSettings, field: string) => `org/org.yaml (models.providers.${name}.${field})`;

const fixes: Partial<Record<WireFault, (about: Case) => string>> = {
  key: keyFix,
  exhausted: ({ provider }) => `add credit to its account${at(provider, 'credit')}`,
  model: modelFix,
  address: ({ provider }) => addressFix(provider),
  unreachable: unreachableFix,
  oversize: ({ model }) => `its answers do not end: name another model than ${model} in org/org.yaml (models.tiers)`,
  request: ({ model }) => `read what it says; name another model than ${model} in org/org.yaml (models.tiers)`,
};

/** What to do about a failure; of what passes by itself, when to look again. */
export function fixOf(
  failure: WireFailure,
  provider: ProviderSettings,
  model: string,
  list: readonly string[],
): string {
  const fix = fixes[failure.fault]?.({ failure, provider, model, list });
  if (fix !== undefined) return fix;
  const seconds = Math.ceil((failure.retryAfterMs ?? 60_000) / 1_000);
  return `wait ${seconds} s, then: ${AGAIN}`;
}

function at({ kind, url }: ProviderSettings, page: 'keys' | 'credit'): string {
  return url === undefined ? `: ${consoles[kind][page]}` : '';
}

function keyFix({ failure, provider, model }: Case): string {
  const key = keyNameOf(provider);
  if (key === undefined) return `it wants a key: name its variable in ${place(provider, 'key')}, and export it`;
  if (failure.status === 403) return `let the key in ${key} use ${model}${at(provider, 'keys')}`;
  return `make another key${at(provider, 'keys')}, then: export ${key}=... (or write it into .env)`;
}

function modelFix({ provider, model, list }: Case): string {
  const near = nearest(model, list);
  const has = near === undefined ? list.slice(0, SHOWN).join(', ') : near;
  const pull = isOn(provider, OLLAMA_PORT) ? `ollama pull ${model}, or ` : '';
  return `${pull}name a model that it has in org/org.yaml${has === '' ? '' : `: ${has}`}`;
}

/** The two kinds write their addresses differently, and servers answer the wrong one with some page. */
function addressFix(provider: ProviderSettings): string {
  const { kind, url } = provider;
  const bare = url?.replace(/\/+$/, '');
  if (bare === undefined) return 'look whether a proxy answers for it: env | grep -i proxy';
  if (kind === 'openai' && !/\/v\d+$/.test(bare)) return `write ${bare}/v1 into ${place(provider, 'url')}`;
  if (kind === 'anthropic' && bare.endsWith('/v1')) return `write ${bare.slice(0, -3)} into ${place(provider, 'url')}`;
  return `curl -sS ${bare}/models; correct ${place(provider, 'url')}`;
}

function unreachableFix({ failure, provider }: Case): string {
  const { kind, url } = provider;
  if (url === undefined) return `curl -sSI https://api.${kind}.com (a proxy? no network?)`;
  if (/ENOTFOUND|EAI_AGAIN/.test(failure.more)) return `nobody knows that name: correct ${place(provider, 'url')}`;
  if (isOn(provider, OLLAMA_PORT)) return 'ollama serve';
  return `start the server at ${url}, or correct ${place(provider, 'url')}`;
}

function isOn({ url }: ProviderSettings, port: string): boolean {
  return url !== undefined && URL.parse(url)?.port === port;
}
