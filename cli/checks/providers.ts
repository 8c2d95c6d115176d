// The providers of models that org.yaml names: is there a key, and a price; and, when asked, does one tiny call go through? What
// fails says the real cause.

import { choiceOf } from '../../brain/models/choose.ts';
import { type Prices, pricesWith, UnpricedModel, worstCaseOf } from '../../brain/models/cost.ts';
import { listModels } from '../../brain/models/model-list.ts';
import { keyNameOf, openWire } from '../../brain/models/open-wire.ts';
import { WireFailure, type WireFault } from '../../brain/models/wire.ts';
import type { Org, ProviderSettings } from '../../org/org.ts';
import { bad, type Finding, good, type Machine } from './finding.ts';
import { orgHere } from './org.ts';
import { fixOf } from './provider-fixes.ts';

/** Room for a word and a little thinking. */
const TINY_TOKENS = 64;
/** An answer of these kinds is one: the key, the address and the model are right. */
const ANSWERS: readonly WireFault[] = ['cut', 'empty', 'refused'];

/** A provider with the models that the company wants of it. */
type Wanted = { readonly provider: ProviderSettings; readonly models: readonly string[]; readonly prices: Prices };

function wantedBy({ models }: Pick<Org, 'models'>): Wanted[] {
  const chains = [...Object.values(models.tiers), ...Object.values(models.tasks)].flat().map(choiceOf);
  const prices = pricesWith(models.prices);
  return models.providers.flatMap((provider) => {
    const names = chains.flatMap((choice) => (choice.provider === provider.name ? [choice.model] : []));
    return names.length === 0 ? [] : [{ provider, models: [...new Set(names)], prices }];
  });
}

const missingKey = (provider: ProviderSettings, { env }: Machine): string | undefined => {
  const key = keyNameOf(provider);
  return key === undefined || env[key]?.trim() ? undefined : key;
};

/** All providers that somebody in the company is to ask, and whether every tier has one. */
export async function checkProviders(machine: Machine): Promise<Finding[]> {
  const org = orgHere(machine);
  if (org === undefined) return [];
  const found = await Promise.all(wantedBy(org).map((wanted) => checkProvider(wanted, machine)));
  return [...found.flat(), ...checkTiers(org, machine)];
}

/** Tiers that nobody can answer for, while others can: half a company. Without any key all of it is scripted. */
function checkTiers({ models, roles }: Org, machine: Machine): Finding[] {
  const able = models.providers.filter((provider) => !missingKey(provider, machine)).map(({ name }) => name);
  const isAble = (name: string) => able.includes(choiceOf(name).provider);
  if (!Object.values(models.tiers).flat().some(isAble)) return [];
  const used = Object.entries(models.tiers).filter(([tier]) => roles.some((role) => role.tier === tier));
  return used.flatMap(([tier, names]) =>
    names.some(isAble)
      ? []
      : [
          bad(
            `tier ${tier}`,
            `none of ${names.join(', ')} can be asked`,
            `set one of their keys, or name another model in org/org.yaml (models.tiers.${tier})`,
          ),
        ],
  );
}

/**
 * Whether a provider can be asked for its models; with `live`, whether it answers.
 * Nothing is required of one without its key: its models are left out.
 */
export async function checkProvider(wanted: Wanted, machine: Machine): Promise<Finding[]> {
  const { provider, models, prices } = wanted;
  const { name } = provider;
  const missing = missingKey(provider, machine);
  if (missing !== undefined) {
    const fix = `export ${missing}=... (or write it into .env)`;
    return [bad(name, `${missing} is not set: ${models.join(', ')} will not be asked`, fix, false)];
  }
  const worst = models.map((model) => ({ model, cost: worstOf(prices, model, machine.now) }));
  const unpriced = worst.flatMap(({ model, cost }) =>
    cost === undefined ? [bad(name, `no price is known of ${model}: it will not be asked`, priceFix(model))] : [],
  );
  const priced = worst.flatMap(({ model, cost }) => (cost === undefined ? [] : [{ model, cost }]));
  const cheapest = priced.sort((one, other) => one.cost - other.cost).map(({ model }) => model);
  if (cheapest.length === 0) return unpriced;
  if (machine.live) return [...unpriced, ...(await askAll(provider, cheapest, machine))];
  const key = keyNameOf(provider);
  const has = key === undefined ? `no key, ${provider.url}` : `${key} is set`;
  return [...unpriced, good(name, `${has}; --live asks ${cheapest[0]} for one word`, false)];
}

function priceFix(model: string): string {
  return `give it a price in org/org.yaml: models: { prices: { '${model}': { input: 0, output: 0 } } }`;
}

/** The dearest that the tiny question can be, US dollars; undefined for a model without a price. */
function worstOf(prices: Prices, model: string, now: number): number | undefined {
  try {
    return worstCaseOf(prices, model, { inputBytes: 0, maxTokens: TINY_TOKENS }, now);
  } catch (error) {
    if (error instanceof UnpricedModel) return undefined;
    throw error;
  }
}

/**
 * Asks for the list of models, which is free, then the cheapest model for a word, and each model that is not on the list.
 * @param models with a price, the cheapest first
 */
async function askAll(provider: ProviderSettings, models: readonly string[], machine: Machine): Promise<Finding[]> {
  const list = await listOf(provider, machine);
  if (list instanceof WireFailure) return [refused(provider, models[0] ?? '', list, [])];
  const [first = ''] = models;
  const unlisted = models.filter((model) => !list.includes(model));
  const asked = unlisted.includes(first) ? unlisted : [first, ...unlisted];
  const answering: string[] = [];
  const findings: Finding[] = [];
  for (const model of asked) {
    const failure = await askOnce(provider, model, machine);
    if (failure === undefined) answering.push(model);
    else findings.push(refused(provider, model, failure, list));
    // The others would meet the same.
    if (failure?.scope === 'provider') return findings;
  }
  if (answering.length === 0) return findings;
  const rest = models.filter((model) => !asked.includes(model));
  const has = rest.length === 0 ? '' : `; it has ${rest.join(', ')}`;
  return [good(provider.name, `${answering.join(', ')} answers${has}`), ...findings];
}

/** The models that a server says it has, none where it has no such list; the failure when nobody is there. */
async function listOf(provider: ProviderSettings, machine: Machine): Promise<readonly string[] | WireFailure> {
  const { env, now, liveMs } = machine;
  try {
    return await listModels(provider, env, { now: () => now }, AbortSignal.timeout(liveMs));
  } catch (error) {
    if (isTimeout(error)) return new WireFailure(provider.name, 'slow', `nothing within ${liveMs / 1_000} s`);
    if (!(error instanceof WireFailure)) throw error;
    // A key may be allowed to ask and not to list: what is wrong with it the question will say.
    return error.fault === 'unreachable' ? error : [];
  }
}

/** Asks a model for one word; undefined when it said something. */
async function askOnce(provider: ProviderSettings, model: string, machine: Machine): Promise<WireFailure | undefined> {
  const { env, now, liveMs } = machine;
  const request = {
    model,
    system: '',
    prompt: 'Answer with the word ready.',
    rounds: [],
    tools: [],
    schema: undefined,
    maxTokens: TINY_TOKENS,
    label: 'doctor',
  };
  try {
    const wire = await openWire(provider, env, { now: () => now });
    await wire.ask(request, AbortSignal.timeout(liveMs));
    return undefined;
  } catch (error) {
    if (isTimeout(error)) return new WireFailure(provider.name, 'slow', `nothing within ${liveMs / 1_000} s`);
    if (!(error instanceof WireFailure)) throw error;
    return ANSWERS.includes(error.fault) ? undefined : error;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function refused(provider: ProviderSettings, model: string, failure: WireFailure, list: readonly string[]): Finding {
  return bad(provider.name, `${model}: ${failure.message}`, fixOf(failure, provider, model, list));
}
