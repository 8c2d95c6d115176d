// The model of a company that pays for its models: which one answers is chosen anew for each question (choose.ts), and when
// it cannot, the next one does.
//
// Invariants:
//   R1. A provider in trouble is not asked, and the first call that meets trouble says so for everybody (reach.ts).
//   R2. A question is never asked twice of one model: waiting and trying again are the agent's and the provider chart's.
//   R3. All tries of a question together cost at most what was quoted for it: the worst case of the dearest model that may be
//       asked. A failed call that cost something leaves less, and a fallback that does not fit into the rest is not asked.
//   R4. Who could not be asked, and why, is in the failure.

import type { Usage } from '../../bus/records.ts';
import { type Candidate, type Choice, type Chosen, choose, type Left, nameOf, nobody } from './choose.ts';
import { answerLimitOf, costOf, type Prices, UnpricedModel, worstCaseOf } from './cost.ts';
import { type Answer, type Model, ModelFailure, type Question } from './model.ts';
import type { Pass, Reach } from './reach.ts';
import { saidBy } from './said.ts';
import type { Trials } from './trials.ts';
import { added, inputBytesOf } from './usage.ts';
import {
  type Effort,
  type Wire,
  WireFailure,
  type WireReply,
  type WireRequest,
  type WireUsage,
  wireFaults,
} from './wire.ts';

/** An answer with less room than this is none: thinking alone takes more. */
const LEAST_ANSWER = 256;

/** A provider as the router knows it. */
export type RoutedProvider = {
  /** Under which its state is shared: its name, or its name and account. */
  readonly key: string;
  /** What is missing to ask it (`ANTHROPIC_API_KEY is not set`). */
  readonly missing: string | undefined;
  /** Opens its wire; the same one each time. Throws WireFailure. */
  open(): Promise<Wire>;
};

/** Who may answer what: org.yaml with the keys of this process. */
export type Routing = {
  readonly providers: ReadonlyMap<string, RoutedProvider>;
  readonly tiers: Readonly<Record<Question['tier'], readonly Choice[]>>;
  /** By type of task; for the others the tier counts. */
  readonly tasks: Readonly<Record<string, readonly Choice[]>>;
  readonly prices: Prices;
  /** Most tokens that an answer may have; a model that can say less is asked for less. */
  readonly maxTokens: number;
  /** How hard models think, by `provider/model` or by tier; the model's own goes before. */
  readonly efforts: Readonly<Record<string, Effort>>;
  /** US dollars that one call may cost at most. */
  readonly most: number | undefined;
};

export type RoutedModelOptions = {
  /** As the org chart in force has it. */
  readonly routing: () => Routing;
  readonly reach: Reach;
  /** How work of a type went with a model (`nameOf`). */
  readonly trials: (model: string, taskType: string | undefined) => Trials;
  readonly now: () => number;
};

export class RoutedModel implements Model {
  readonly converses = true;
  readonly #options: RoutedModelOptions;

  constructor(options: RoutedModelOptions) {
    this.#options = options;
  }

  quote(question: Question): number {
    const { order, left, dearest } = this.#select(question);
    if (order.length === 0) throw nobody(left, this.#options.now());
    return dearest;
  }

  async think(question: Question, signal: AbortSignal, heard?: (text: string) => void): Promise<Answer> {
    const { order, left, dearest } = this.#select(question);
    const met = [...left];
    let spent: Usage | undefined;
    for (const { choice, worst } of order) {
      if (spent && spent.cost + worst > dearest) {
        // Nothing is wrong with it: whoever asks again sets money aside for it.
        met.push({ choice, why: 'what was set aside does not suffice for it any more', until: this.#options.now() });
        continue;
      }
      const pass = await this.#options.reach.enter(this.#provider(choice)?.key ?? choice.provider);
      if (!pass) {
        met.push(this.#refused(choice, 'somebody else is probing it'));
        continue;
      }
      const outcome = await this.#ask(choice, question, pass, signal, heard);
      if (!(outcome instanceof WireFailure)) return { ...outcome, usage: added(outcome.usage, spent) };
      spent = this.#costOf(choice, outcome.spent, spent);
      if (outcome.scope === 'question') throw new ModelFailure(outcome.failure, spent);
      met.push(
        outcome.scope === 'provider' ? this.#refused(choice, outcome.message) : { choice, why: outcome.message },
      );
    }
    throw nobody(met, this.#options.now(), spent);
  }

  /** How many questions of a role may be begun now: none, one (a probe), or any number. */
  room(tier: Question['tier']): number {
    const { tiers, tasks, providers } = this.#options.routing();
    const choices = [...tiers[tier], ...Object.values(tasks).flat()];
    const able = choices.filter(({ provider }) => providers.get(provider)?.missing === undefined);
    const gates = able.map((choice) => this.#access(choice).gate);
    // Without any key it is asked, and says what is missing.
    if (gates.length === 0 || gates.includes('open')) return Number.POSITIVE_INFINITY;
    return gates.includes('probe') ? 1 : 0;
  }

  #provider({ provider }: Choice): RoutedProvider | undefined {
    return this.#options.routing().providers.get(provider);
  }

  #access(choice: Choice) {
    return this.#options.reach.access(this.#provider(choice)?.key ?? choice.provider);
  }

  #select(question: Question): Chosen & { readonly dearest: number } {
    const { tiers, tasks, most } = this.#options.routing();
    const { taskType, tier } = question;
    const own = taskType !== undefined && Object.hasOwn(tasks, taskType) ? tasks[taskType] : undefined;
    const candidates = (own ?? tiers[tier]).map((choice) => this.#candidate(choice, question));
    return { ...choose(candidates, most), dearest: dearestOf(candidates, most) };
  }

  #candidate(choice: Choice, question: Question): Candidate {
    const provider = this.#provider(choice);
    return {
      choice,
      unfit: unfitFor(choice, question) ?? this.#tooLong(choice, question),
      access: this.#access(choice),
      missing: provider ? provider.missing : `there is no provider ${choice.provider} in org.yaml`,
      trials: this.#options.trials(nameOf(choice), question.taskType),
      worst: this.#worst(choice, question),
    };
  }

  /** Why a question does not fit into a model's window; undefined when it does, or nobody knows. */
  #tooLong(choice: Choice, question: Question): string | undefined {
    const room = this.#maxTokens(choice, question);
    return room >= LEAST_ANSWER ? undefined : 'the question leaves no room for an answer in its window';
  }

  /** Most tokens of its answer: what org.yaml says, what it can say, and what its window leaves. */
  #maxTokens({ model }: Choice, question: Question): number {
    const { prices, maxTokens } = this.#options.routing();
    return answerLimitOf(prices, model, inputBytesOf(question), maxTokens);
  }

  #worst(choice: Choice, question: Question): Candidate['worst'] {
    const { model } = choice;
    const { prices } = this.#options.routing();
    try {
      const maxTokens = Math.max(0, this.#maxTokens(choice, question));
      const size = { inputBytes: inputBytesOf(question), maxTokens };
      return worstCaseOf(prices, model, size, this.#options.now());
    } catch (error) {
      if (error instanceof UnpricedModel) return { unpriced: error.message };
      throw error;
    }
  }

  /** Asks one model; a failure that another model may heal is given back. */
  async #ask(
    choice: Choice,
    question: Question,
    pass: Pass,
    signal: AbortSignal,
    heard?: (text: string) => void,
  ): Promise<Answer | WireFailure> {
    try {
      const wire = await this.#open(choice);
      const reply = await wire.ask(this.#request(choice, question), signal, heard);
      await pass.answered();
      return this.#answer(choice, reply);
    } catch (error) {
      if (!(error instanceof WireFailure)) {
        await pass.released();
        throw error;
      }
      if (error.scope !== 'provider') await pass.answered();
      else await pass.failed({ reason: reasonIn(error), waitMs: error.retryAfterMs, lasting: isLasting(error) });
      return error;
    }
  }

  #open(choice: Choice): Promise<Wire> {
    const provider = this.#provider(choice);
    if (!provider) throw new WireFailure(choice.provider, 'key', 'there is no such provider in org.yaml');
    return provider.open();
  }

  #request(choice: Choice, question: Question): WireRequest {
    const { system, prompt, rounds, tools, schema, role, purpose, about, attempt, tier } = question;
    const { efforts } = this.#options.routing();
    const label = `${role}, ${purpose}, ${about}, attempt ${attempt}`;
    const maxTokens = this.#maxTokens(choice, question);
    const effort = efforts[nameOf(choice)] ?? efforts[tier];
    const told = effort === undefined ? {} : { effort };
    return { model: choice.model, system, prompt, rounds, tools, schema, maxTokens, ...told, label };
  }

  #answer(choice: Choice, { text, calls, said, usage }: WireReply): Answer {
    const { model, now } = { model: choice.model, now: this.#options.now() };
    const cost = costOf(this.#options.routing().prices, model, usage, now);
    return { text, calls, said, usage: usageFrom(choice, usage, cost) };
  }

  #costOf(choice: Choice, wasted: WireUsage | undefined, before: Usage | undefined): Usage | undefined {
    if (!wasted) return before;
    const cost = costOf(this.#options.routing().prices, choice.model, wasted, this.#options.now());
    return added(usageFrom(choice, wasted, cost), before);
  }

  /** A provider that was found in trouble, or that another call is probing: it can be asked again later. */
  #refused(choice: Choice, why: string): Left {
    const access = this.#access(choice);
    return { choice, why, until: access.gate === 'closed' ? access.until : this.#options.now() };
  }
}

/**
 * What is set aside for a question: the worst case of the dearest model that may be asked, now or when its provider works again
 * by then.
 */
function dearestOf(candidates: readonly Candidate[], most = Number.POSITIVE_INFINITY): number {
  const costs = candidates.flatMap(({ unfit, missing, worst }) =>
    unfit === undefined && missing === undefined && typeof worst === 'number' && worst <= most ? [worst] : [],
  );
  return Math.max(0, ...costs);
}

/** A tool loop stays with the model that began it: its thinking is bound to it. */
function unfitFor({ model }: Choice, { rounds }: Question): string | undefined {
  const last = rounds.at(-1);
  const who = last && saidBy(last.said);
  return who && who.model !== model ? `${who.model} began this tool loop` : undefined;
}

function isLasting({ fault }: WireFailure): boolean {
  return wireFaults[fault].kind === 'permanent';
}

function reasonIn({ message, provider }: WireFailure): string {
  return message.replace(`${provider}: `, '');
}

function usageFrom(choice: Choice, usage: WireUsage, cost: number): Usage {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, estimated } = usage;
  return {
    model: nameOf(choice),
    inputTokens: inputTokens + cacheReadTokens + cacheWriteTokens,
    outputTokens,
    cost: Math.round(cost * 1e6) / 1e6,
    ...(estimated ? { estimated } : {}),
  };
}
