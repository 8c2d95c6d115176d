// A model whose answers are written down. It thinks in the company's time, costs what the script says, and fails in every
// typed way, so that a company can be watched, and tested, without a provider.
//
// Invariants:
//   S1. An answer depends on the question, the script and the seed, never on the order of questions.
//   S2. A question that no rule fits is an error that says which rule is missing; nothing is made up.

import type { Clock } from '../../bus/clock.ts';
import type { Failure, Usage } from '../../bus/records.ts';
import { type Answer, type Model, ModelFailure, type Purpose, plainAnswer, type Question } from './model.ts';

/** Which questions a rule answers; what is absent fits every question. */
export type ScriptedMatch = {
  readonly role?: string | undefined;
  readonly purpose?: Purpose | undefined;
  /** Key of a plan; see `keyMatches`. */
  readonly task?: string | undefined;
  readonly attempts?: readonly number[] | undefined;
  /** Texts that must all stand in the prompt: what whoever asks was told. */
  readonly told?: readonly string[] | undefined;
};

/** One call of a tool. */
export type ScriptedCall = { readonly name: string; readonly input: unknown };

export type ScriptedReply =
  | { readonly text: string }
  | { readonly fail: Failure }
  /** What is called in each round of a tool loop; the last round is repeated for ever. */
  | { readonly rounds: readonly (readonly ScriptedCall[])[] };

export type ScriptedAnswer = {
  readonly for: ScriptedMatch;
  readonly takesMs: number;
  /** Input and output tokens. */
  readonly tokens: readonly [number, number];
  readonly reply: ScriptedReply;
};

/** US dollars for a million tokens. */
export type Price = { readonly input: number; readonly output: number };

export type ScriptedPrices = { readonly large: Price; readonly light: Price };

/** What the reference system paid: strategy and coding use the large model, everything else the light one. */
export const scriptedPrices: ScriptedPrices = {
  large: { input: 3, output: 15 },
  light: { input: 1, output: 5 },
};

/** Reviews approve unless a scenario says otherwise. */
const builtIn: readonly ScriptedAnswer[] = [
  {
    for: { purpose: 'review' },
    takesMs: 4 * 60_000,
    tokens: [2_500, 60],
    reply: { text: '{"verdict":"approve","notes":[]}' },
  },
];

/** True when `key` names what a question is about: the same, its last part (`store` for `D1.store`), or `*`. */
export function keyMatches(key: string, about: string): boolean {
  return key === '*' || key === about || about.endsWith(`.${key}`);
}

function fits(match: ScriptedMatch, question: Question): boolean {
  return (
    (match.role === undefined || match.role === question.role) &&
    (match.purpose === undefined || match.purpose === question.purpose) &&
    (match.task === undefined || keyMatches(match.task, question.about)) &&
    (match.attempts === undefined || match.attempts.includes(question.attempt)) &&
    (match.told === undefined || match.told.every((text) => question.prompt.includes(text)))
  );
}

/** A number in [0, 1) that depends on the text and the seed only (FNV-1a, then one round of mulberry32). */
function chance(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), hash | 1);
  hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
  return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32;
}

export type ScriptedOptions = {
  /** The first rule that fits answers. */
  readonly answers: readonly ScriptedAnswer[];
  /** Answers take time on this clock. */
  readonly clock: Pick<Clock, 'now' | 'sleepUntil'>;
  readonly prices?: ScriptedPrices;
  /** Largest deviation of the time an answer takes, as a part of it; 0 unless told. */
  readonly jitter?: number;
  readonly seed?: number;
};

export class ScriptedModel implements Model {
  readonly #options: ScriptedOptions;
  readonly #answers: readonly ScriptedAnswer[];

  constructor(options: ScriptedOptions) {
    this.#options = options;
    this.#answers = [...options.answers, ...builtIn];
  }

  /** Waits as long as the rule says on the clock, so the caller must have left its turn. Throws ModelFailure. */
  async think(question: Question, signal: AbortSignal): Promise<Answer> {
    const rule = this.#ruleFor(question);
    if (!rule) throw new ModelFailure({ kind: 'permanent', reason: missing(question) });
    const { clock } = this.#options;
    await clock.sleepUntil(clock.now() + this.#takesMs(rule, question), signal);
    const usage = this.#usage(rule, question.tier);
    if ('fail' in rule.reply) throw new ModelFailure(rule.reply.fail, usage);
    if ('rounds' in rule.reply) return callsIn(rule.reply.rounds, question, usage);
    return plainAnswer(rule.reply.text, usage);
  }

  quote(question: Question): number {
    const rule = this.#ruleFor(question);
    return rule ? this.#usage(rule, question.tier).cost : 0;
  }

  #ruleFor(question: Question): ScriptedAnswer | undefined {
    return this.#answers.find((one) => fits(one.for, question));
  }

  #takesMs(rule: ScriptedAnswer, question: Question): number {
    const { jitter = 0, seed = 0 } = this.#options;
    return Math.round(rule.takesMs * (1 + jitter * (2 * chance(question.id, seed) - 1)));
  }

  #usage(rule: ScriptedAnswer, tier: Question['tier']): Usage {
    const size = tier === 'light' ? 'light' : 'large';
    const price = (this.#options.prices ?? scriptedPrices)[size];
    const [inputTokens, outputTokens] = rule.tokens;
    const cost = (inputTokens * price.input + outputTokens * price.output) / 1e6;
    return { model: `scripted-${size}`, inputTokens, outputTokens, cost };
  }
}

/** The calls of the round that a loop is in. */
function callsIn(rounds: readonly (readonly ScriptedCall[])[], { rounds: before }: Question, usage: Usage): Answer {
  const round = rounds[Math.min(before.length, rounds.length - 1)] ?? [];
  const calls = round.map((call, index) => ({ id: `call-${before.length + 1}-${index + 1}`, ...call }));
  return { text: '', usage, calls, said: { calls } };
}

function missing({ role, purpose, about, attempt }: Question): string {
  return `no scripted answer for role ${role}, purpose ${purpose}, task ${about}, attempt ${attempt}`;
}
