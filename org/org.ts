// Who works here, as plain data: what org.yaml says after parsing, defaults and checks. Everything else reads this.

import type { SearchProvider, ToolName } from '../bus/policy.ts';
import type { Product } from '../bus/records.ts';
import type { AgentPolicy, RewardPolicy, StandingPolicy } from '../machines/policy.ts';
import type { MemoryPolicy, StaffingPolicy } from './learning.ts';
import type { Milestone } from './milestones.ts';

export type Tier = 'strategy' | 'coding' | 'light';

/** How the work of a task that changes files is done. */
export type EngineName = 'answer' | 'loop' | 'claude' | 'codex';

/** What one attempt of an engine may use: turns of the model, ms, US dollars. */
export type EngineLimits = { readonly turns: number; readonly ms: number; readonly cost: number };

export type LoopSettings = EngineLimits & {
  /** Turns after which a loop ends when neither a file nor a test result has changed. */
  readonly idle: number;
};

/** A command line as an employee. */
export type CliSettings = EngineLimits & {
  /** The program: a name on the PATH, or a path. */
  readonly command: string;
  /** Undefined = the program's own choice. */
  readonly model: string | undefined;
  /** Where its provider is. */
  readonly url: string;
  /** Name of the environment variable that holds the key. */
  readonly key: string;
  /** The most that one call of its model can cost, US dollars. */
  readonly worstCall: number;
  /** US dollars for a million tokens, where the program names no cost. */
  readonly price: { readonly input: number; readonly output: number } | undefined;
};

export type EngineSettings = {
  readonly loop: LoopSettings;
  readonly claude: CliSettings;
  readonly codex: CliSettings;
};

/** Somebody who answers: one provider of models. */
export type ProviderSettings = {
  readonly name: string;
  readonly kind: 'anthropic' | 'openai';
  readonly api?: 'responses' | 'chat' | undefined;
  readonly url?: string | undefined;
  /** Name of the environment variable with its key. */
  readonly key?: string | undefined;
  /** Providers of one account share their limits. */
  readonly account?: string | undefined;
  readonly timeoutMs?: number | undefined;
};

export type ModelSettings = {
  readonly providers: readonly ProviderSettings[];
  /** `provider/model`, the first one first. */
  readonly tiers: Readonly<Record<Tier, readonly string[]>>;
  readonly tasks: Readonly<Record<string, readonly string[]>>;
  /** US dollars for a million tokens. */
  readonly prices: readonly {
    readonly model: string;
    readonly input: number;
    readonly output: number;
    readonly cacheRead?: number | undefined;
    readonly cacheWrite?: number | undefined;
    readonly contextTokens?: number | undefined;
    readonly maxOutputTokens?: number | undefined;
  }[];
  /** Most tokens of an answer. */
  readonly maxTokens: number;
  /** How hard models think, by tier or by `provider/model`, which goes before. */
  readonly efforts: Readonly<Record<string, 'low' | 'medium' | 'high'>>;
  /** US dollars that one call may cost at worst. */
  readonly most: number | undefined;
};

/** `every` in ms, or a cron expression (UTC). */
export type Cadence = { readonly every: number } | { readonly cron: string };

/** US dollars in a day and in a calendar month of UTC; undefined = no limit. */
export type Caps = { readonly day?: number | undefined; readonly month?: number | undefined };

/** What the company may see of the web. */
export type WebSettings = {
  readonly provider: SearchProvider;
  /** Name of the environment variable that holds the key of the search engine. */
  readonly key: string | undefined;
  /** Where the search engine is; its usual address when undefined. */
  readonly url: string | undefined;
  /** Hosts that may be read: `example.com`, `*.example.com`, `*`. Nothing else. */
  readonly allow: readonly string[];
  /** Whether strategy looks around before it decides. */
  readonly research: boolean;
};

export type Role = {
  readonly name: string;
  readonly title: string;
  /** The role it reports to; undefined for the root, who reports to the person. */
  readonly boss: string | undefined;
  readonly reports: readonly string[];
  readonly tier: Tier;
  /** Names of duties (actors/duties/). */
  readonly duties: readonly string[];
  /** Duty -> when it ticks. */
  readonly schedule: Readonly<Record<string, Cadence>>;
  readonly instances: number;
  /** Type of task -> how it is done; `answer` for the others. */
  readonly engine: Readonly<Record<string, EngineName>>;
  /** What it may use, where org.yaml lists it; otherwise what its duties need (tools/policy/gate.ts). */
  readonly tools?: readonly ToolName[] | undefined;
  /** The prompt's text. */
  readonly prompt: string;
  readonly policy: AgentPolicy;
  /** What its agents may spend, and each task that they do. */
  readonly budget: Caps & { readonly task?: number | undefined };
  /** What it may spend together with everybody below it. */
  readonly team: Caps;
};

export type KnowledgeSettings = {
  readonly store: 'auto' | 'embedded' | 'chroma';
  readonly embeddings: 'lexical' | 'minilm' | 'openai';
  /** The rest is about `openai`. */
  readonly model: string;
  readonly dimensions: number;
  readonly url: string | undefined;
  /** Name of the environment variable that holds the key; undefined as in `ProviderConfig`. */
  readonly key: string | undefined;
};

export type Org = {
  /** Slug: the stream's name in capitals, the first token of every subject. */
  readonly company: string;
  readonly title: string;
  readonly mission: string | undefined;
  /** The person at the top, where every escalation path ends. */
  readonly person: string;
  readonly products: readonly Product[];
  readonly sandbox: 'required' | 'none';
  /** Copies of the stream in a cluster; undefined = as it is. */
  readonly replicas?: number | undefined;
  readonly engines: EngineSettings;
  /** Undefined: the company has no web. */
  readonly web?: WebSettings | undefined;
  readonly models: ModelSettings;
  /** What everybody may spend together, each task, and of which part of a cap people are warned (0 to 1). */
  readonly budget: Caps & { readonly task?: number | undefined; readonly warn: number };
  /** Undefined: all of it as it is unless told. */
  readonly knowledge?: KnowledgeSettings | undefined;
  readonly reward: RewardPolicy;
  readonly standing: StandingPolicy;
  readonly memory: MemoryPolicy;
  readonly staffing: StaffingPolicy;
  readonly milestones: readonly Milestone[];
  /** In the order of the file, bosses before their reports. */
  readonly roles: readonly Role[];
};

/**
 * Agents of a role: `backend`, `backend-2`, `backend-3`. The first is called like its role however many there are, so whoever
 * was alone stays who they were when others come and go.
 */
export function agentsOf({ name, instances }: Role): readonly string[] {
  return Array.from({ length: instances }, (_, index) => (index === 0 ? name : `${name}-${index + 1}`));
}

/** How many instances of its role an agent needs to be one of them: 2 for `backend-2`. In whichever process it is. */
export function placeOf(agent: string): number {
  return Number(/-(\d+)(?:@|$)/.exec(agent)?.[1] ?? 1);
}

/** True for the name of an agent of this company, in whichever process it is and however many there are by now. */
export function isAgent({ roles }: Pick<Org, 'roles'>, name: string): boolean {
  const [here = ''] = name.split('@');
  return roles.some((role) => role.name === here || role.name === here.replace(/-\d+$/, ''));
}

export function roleOf(org: Org, name: string): Role | undefined {
  return org.roles.find((role) => role.name === name);
}
