// The models that a company thinks with: org.yaml and the keys of this process become a router. No key, no router: then the
// workers are scripted.

import type { Cassette } from '../brain/models/cassette.ts';
import { choiceOf } from '../brain/models/choose.ts';
import { pricesWith } from '../brain/models/cost.ts';
import type { Model } from '../brain/models/model.ts';
import { keyNameOf, openWire } from '../brain/models/open-wire.ts';
import { RoutedModel, type RoutedProvider, type Routing } from '../brain/models/router.ts';
import type { Wire } from '../brain/models/wire.ts';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import type { ModelSettings, Org, ProviderSettings, Tier } from '../org/org.ts';
import type { Board } from './board.ts';
import type { ModelReach, Ports } from './ports.ts';
import { Providers } from './providers.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What a company that is being put together hands to its model. */
export type ModelWorld = {
  readonly bus: Bus;
  readonly clock: Clock;
  /** The org chart in force. */
  readonly org: () => Org;
  readonly board: Board;
  /** Name of this process. */
  readonly process: string;
  readonly log: Ports['log'];
};

/** A model, and whether it can be asked now. */
export type Thinking = {
  readonly model: Model;
  /** Undefined: always. */
  readonly reach?: ModelReach | undefined;
};

/** Opens the wire of a provider. */
export type OpenWire = (provider: ProviderSettings) => Promise<Wire>;

/** Under which the state of a provider is shared. */
function keyOf({ name, kind, account }: ProviderSettings): string {
  return account === undefined ? name : `${kind}-${account}`;
}

/** What is missing to ask a provider; undefined when nothing is, or when a cassette answers for it. */
function missingFor(provider: ProviderSettings, env: Env, tape: Cassette | undefined): string | undefined {
  if (tape?.isReplay) return undefined;
  const name = keyNameOf(provider);
  return name === undefined || env[name]?.trim() ? undefined : `${name} is not set`;
}

/** Builds the routing of an org chart, once for each; wires stay open as long as their provider stays the same. */
function routings(env: Env, open: OpenWire, tape: Cassette | undefined): (org: Org) => Routing {
  const wires = new Map<string, Promise<Wire>>();
  const wireOf = (provider: ProviderSettings) => {
    const id = JSON.stringify(provider);
    const wire = wires.get(id) ?? open(provider);
    // One that could not be opened is tried again.
    wire.catch(() => wires.delete(id));
    wires.set(id, wire);
    return wire;
  };
  const routed = (provider: ProviderSettings): [string, RoutedProvider] => [
    provider.name,
    { key: keyOf(provider), missing: missingFor(provider, env, tape), open: () => wireOf(provider) },
  ];
  const known = new WeakMap<ModelSettings, Routing>();
  return ({ models }) => {
    const before = known.get(models);
    if (before) return before;
    const { providers, tiers, tasks, prices, maxTokens, efforts, most } = models;
    const chain = (names: readonly string[]) => names.map(choiceOf);
    const routing: Routing = {
      providers: new Map(providers.map(routed)),
      tiers: { strategy: chain(tiers.strategy), coding: chain(tiers.coding), light: chain(tiers.light) },
      tasks: Object.fromEntries(Object.entries(tasks).map(([type, names]) => [type, chain(names)])),
      prices: pricesWith(prices),
      maxTokens,
      efforts,
      most,
    };
    known.set(models, routing);
    return routing;
  };
}

/**
 * The model of a company that asks providers.
 * @param options `open` opens the wire of a provider, the real one unless told; `tape` takes the answers down, or gives them
 */
export function routedThinking(
  env: Env,
  world: ModelWorld,
  options: { readonly open?: OpenWire | undefined; readonly tape?: Cassette | undefined } = {},
): Thinking {
  const { bus, clock, board, process, log, org } = world;
  const { tape, open = (provider) => openWire(provider, env, clock) } = options;
  const through: OpenWire = async (provider) => tape?.wire(provider.name, () => open(provider)) ?? open(provider);
  const routing = routings(env, through, tape);
  const providers = new Providers({ bus, clock, board, process, log });
  const model = new RoutedModel({
    routing: () => routing(org()),
    reach: providers,
    trials: (name, taskType) => board.record.of(name, taskType),
    now: () => clock.now(),
  });
  return {
    model,
    reach: {
      room: ({ tier }) => model.room(tier),
      onChange: (listener) => providers.onChange(listener),
      close: () => providers.close(),
    },
  };
}

/** Wires that answer from a script, and what must be before the router so that they know the questions. */
export type ScriptWires = {
  readonly before: (router: Model) => Model;
  readonly open: OpenWire;
  /** Which providers they stand for: these need no key of anybody. */
  readonly isFor: (provider: ProviderSettings) => boolean;
};

/** The answers of a script through the routing of the company's org chart. */
export function wiredThinking(wires: ScriptWires, world: ModelWorld): Thinking {
  const { providers } = world.org().models;
  const able = providers.filter(wires.isFor);
  const keys = Object.fromEntries(able.map((provider) => [keyNameOf(provider) ?? provider.name, 'none']));
  const routed = routedThinking(keys, world, { open: wires.open });
  return { ...routed, model: wires.before(routed.model) };
}

const tiers = ['strategy', 'coding', 'light'] as const satisfies readonly Tier[];

/** The first model of each tier that can be asked with the keys there are: `coding anthropic/claude-sonnet-5-5`. */
export function modelsInUse({ models }: Pick<Org, 'models'>, env: Env, tape?: Cassette): readonly string[] {
  const able = models.providers
    .filter((provider) => missingFor(provider, env, tape) === undefined)
    .map(({ name }) => name);
  return tiers.flatMap((tier) => {
    const first = models.tiers[tier].find((choice) => able.includes(choiceOf(choice).provider));
    return first === undefined ? [] : [`${tier} ${first}`];
  });
}
