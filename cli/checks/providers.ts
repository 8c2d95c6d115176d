// The providers of models: is there a key, and, when asked, does one tiny call go through? What fails says the real cause.

import { pricesWith } from '../../brain/models/cost.ts';
import { keyNameOf, openWire, type ProviderConfig } from '../../brain/models/open-wire.ts';
import { WireFailure, type WireFault } from '../../brain/models/wire.ts';
import { bad, type Finding, good, type Machine } from './finding.ts';

const LIVE_MS = 60_000;
/** Room for a word and a little thinking. */
const TINY_TOKENS = 64;

type Asked = ProviderConfig & { readonly model: string };

/** There without being listed, each with the smallest model that is asked. */
const usual: readonly Asked[] = [
  { name: 'anthropic', kind: 'anthropic', model: 'claude-haiku-5-5' },
  { name: 'openai', kind: 'openai', model: 'gpt-6-luna' },
];

/** What mends each fault; of what passes by itself, when to look again. */
function fixOf(fault: WireFault, { name, url }: Asked): string {
  const key = `export ${name.toUpperCase()}_API_KEY=... (or write it into .env)`;
  const fixes: Partial<Record<WireFault, string>> = {
    key,
    exhausted: `add credit to the account of ${name}`,
    model: 'name a model that it has in org/org.yaml',
    address: `check the address: curl -sS ${url ?? `https://api.${name}.com`}`,
    unreachable: `curl -sS ${url ?? `https://api.${name}.com`} (a proxy? no network?)`,
  };
  return fixes[fault] ?? 'wait a minute, then: headcount doctor --live';
}

/** Asks a provider for one word. Throws WireFailure. */
async function askOnce(asked: Asked, { env, now }: Machine): Promise<void> {
  const wire = await openWire(asked, env, { now: () => now });
  const request = {
    model: asked.model,
    system: '',
    prompt: 'Answer with the word ready.',
    rounds: [],
    tools: [],
    schema: undefined,
    maxTokens: TINY_TOKENS,
    label: 'doctor',
  };
  try {
    await wire.ask(request, AbortSignal.timeout(LIVE_MS));
  } catch (error) {
    // It answered, at such length that it was cut: the key, the address and the model are right.
    if (error instanceof WireFailure && (error.fault === 'cut' || error.fault === 'empty')) return;
    throw error;
  }
}

/** Whether one provider can be asked; with `live`, whether it answers. */
export async function checkProvider(asked: Asked, machine: Machine): Promise<Finding> {
  const { name, model } = asked;
  const key = keyNameOf(asked);
  if (key !== undefined && !machine.env[key]?.trim()) {
    return bad(name, `${key} is not set: its models are not asked`, fixOf('key', asked), false);
  }
  const known = pricesWith().has(model);
  if (!known) return bad(name, `no price is known of ${model}`, 'give it a price in org/org.yaml');
  if (!machine.live) return good(name, `${key} is set; --live asks ${model} for one word`, false);
  try {
    await askOnce(asked, machine);
    return good(name, `${model} answers`);
  } catch (error) {
    if (!(error instanceof WireFailure)) throw error;
    return bad(name, error.message, fixOf(error.fault, asked));
  }
}

export function checkProviders(machine: Machine): Promise<Finding[]> {
  return Promise.all(usual.map((asked) => checkProvider(asked, machine)));
}
