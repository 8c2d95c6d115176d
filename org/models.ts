// Which models a company thinks with: what org.yaml says, and what holds where it says nothing.

import { parseDuration } from './duration.ts';
import type { ModelsFile, ProviderFile } from './model-schema.ts';
import type { ModelSettings, ProviderSettings, Tier } from './org.ts';

/** Large enough for several files in one answer; reserving for more would empty wallets for nothing. */
const MAX_TOKENS = 32_000;

/** There without being listed. */
const usualProviders: Readonly<Record<string, ProviderFile>> = {
  anthropic: { kind: 'anthropic' },
  openai: { kind: 'openai' },
};

/** Current models of both vendors by what they cost, 2026-11-22: the large for direction, the middle for code, the small. */
const usualTiers: Readonly<Record<Tier, readonly string[]>> = {
  strategy: ['anthropic/claude-opus-5-5', 'openai/gpt-6.1-sol'],
  coding: ['anthropic/claude-sonnet-5-5', 'openai/gpt-6-sol'],
  light: ['anthropic/claude-haiku-5-5', 'openai/gpt-6-luna'],
};

function providerOf([name, { timeout, ...said }]: [string, ProviderFile]): ProviderSettings {
  return { name, ...said, timeoutMs: timeout === undefined ? undefined : parseDuration(timeout) };
}

/** The models of a company file. */
export function modelsOf(file: ModelsFile = {}): ModelSettings {
  const { providers, tiers, tasks = {}, prices = {}, maxTokens = MAX_TOKENS, most, effort = {} } = file;
  const { strategy = usualTiers.strategy, coding = usualTiers.coding, light = usualTiers.light } = tiers ?? {};
  return {
    providers: Object.entries({ ...usualProviders, ...providers }).map(providerOf),
    tiers: { strategy, coding, light },
    tasks,
    prices: Object.entries(prices).map(([model, price]) => ({ model, ...price })),
    maxTokens,
    efforts: effort,
    most,
  };
}

/** Names of all providers that a company file can use. */
export function providerNames(file: ModelsFile = {}): readonly string[] {
  return Object.keys({ ...usualProviders, ...file.providers });
}
