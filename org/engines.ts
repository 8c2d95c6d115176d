// Which engine does a task, within which limits: what org.yaml says, and what holds where it says nothing.

import { parseDuration } from './duration.ts';
import type { CliFile, EnginesFile } from './engine-schema.ts';
import type { CliSettings, EngineName, EngineSettings, Role } from './org.ts';

/** The key of a choice that holds for every type of task. */
export const everyType = '*';

const MINUTE_MS = 60_000;

/** Generous for one task of half an hour; an attempt that needs more is a task to split. */
const loop: EngineSettings['loop'] = { turns: 60, ms: 60 * MINUTE_MS, cost: 5, idle: 12 };

/**
 * Shorter than the longest step (retry.step, 30 minutes), in which a command line does its whole attempt.
 * A call with a full context of 200,000 tokens costs below a dollar at the prices of large models.
 */
const cli = { turns: 60, ms: 25 * MINUTE_MS, cost: 5, worstCall: 1 };

const claude: CliSettings = {
  ...cli,
  command: 'claude',
  model: undefined,
  url: 'https://api.anthropic.com',
  key: 'ANTHROPIC_API_KEY',
  price: undefined,
};

const codex: CliSettings = {
  ...cli,
  command: 'codex',
  model: undefined,
  url: 'https://api.openai.com/v1',
  key: 'OPENAI_API_KEY',
  price: undefined,
};

/** The engine that does tasks of a type in a role. */
export function engineFor(role: Pick<Role, 'engine'>, taskType: string): EngineName {
  return role.engine[taskType] ?? role.engine[everyType] ?? 'answer';
}

/** The engines that a company's roles use, each once, in the order of the file. */
export function enginesInUse(roles: readonly Pick<Role, 'engine'>[]): readonly EngineName[] {
  return [...new Set(roles.flatMap(({ engine }) => Object.values(engine)))];
}

const msOf = (text: string | undefined, usual: number) => (text === undefined ? usual : (parseDuration(text) ?? usual));

function cliOf(file: CliFile = {}, usual: CliSettings): CliSettings {
  const { time, ...said } = file;
  const known = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  return { ...usual, ...known, ms: msOf(time, usual.ms) };
}

export function enginesOf(file: EnginesFile = {}): EngineSettings {
  const { turns = loop.turns, cost = loop.cost, idle = loop.idle, time } = file.loop ?? {};
  return {
    loop: { turns, cost, idle, ms: msOf(time, loop.ms) },
    claude: cliOf(file.claude, claude),
    codex: cliOf(file.codex, codex),
  };
}
