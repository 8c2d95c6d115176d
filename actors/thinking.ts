// Asking a model, the one way everything in the company does it: a brief from measured sections, one call outside the turn,
// an answer parsed by the schema that the brief's contract was generated from.

import { type AnswerTo, contractOf, parseAnswer } from '../brain/answers.ts';
import { type Brief, briefCeiling, buildBrief, marked, type Section, type SectionSize } from '../brain/brief.ts';
import {
  type Answer,
  type Exchange,
  ModelFailure,
  type Purpose,
  type Question,
  type ToolCall,
  type ToolSpec,
} from '../brain/models/model.ts';
import { snapshotOf } from '../brain/models/snapshot.ts';
import { added } from '../brain/models/usage.ts';
import type { Turn } from '../bus/clock.ts';
import type { Refusal } from '../bus/policy.ts';
import type { Task } from '../bus/records.ts';
import type { Role } from '../org/org.ts';
import { WorkFailure } from './duty.ts';
import { WordsRefused } from './guarded-model.ts';
import type { Outcome } from './journal.ts';
import type { Ports } from './ports.ts';
import { keepPrompt } from './prompts.ts';
import { Listener, speaking } from './saying.ts';

export type Thought<P extends Purpose> = {
  readonly answer: AnswerTo<P>;
  /** What each section of the brief took. */
  readonly brief: readonly SectionSize[];
};

export type Asking = {
  readonly agent: string;
  readonly role: Role;
  /** Names the work in which it is asked: the natural key of a task, the id of a job. */
  readonly work: string;
  /** Natural key of what it is about, and its type and record where it is a task. */
  readonly about: string;
  readonly taskType: string | undefined;
  readonly task: Task | undefined;
  readonly attempt: number;
  /** Waits until it is on the stream that the work has started, and whose it is. */
  readonly started: () => Promise<void>;
  readonly turn: Turn;
  readonly signal: AbortSignal;
  /** Records what the guard of the model refuses. */
  readonly refused: (refusal: Refusal) => Promise<void>;
};

/** What a model is told before the question itself, with the contract that its answer must keep. */
export type Told = {
  readonly system: string;
  readonly prompt: string;
  readonly sizes: Thought<Purpose>['brief'];
};

/**
 * Builds the brief of a question.
 * @param sections of the brief; the role's prompt and the contract of the purpose stand apart from them
 */
export function told(role: Role, purpose: Purpose, sections: readonly Section[]): Told {
  const system = systemOf(role, purpose);
  const brief = buildBrief(sections);
  const sizes = [...system.sizes, ...brief.sizes];
  refuseTooLarge(sizes);
  return { system: system.text, prompt: marked(brief.text), sizes };
}

/** What a role is told in every question of a purpose: built, and its tokens counted, once. */
const systems = new WeakMap<Role, Map<Purpose, Brief>>();

function systemOf(role: Role, purpose: Purpose): Brief {
  const known = systems.get(role) ?? new Map<Purpose, Brief>();
  systems.set(role, known);
  const found = known.get(purpose) ?? systemBrief(role, purpose);
  known.set(purpose, found);
  return found;
}

function systemBrief(role: Role, purpose: Purpose): Brief {
  return buildBrief([
    { name: 'Who you are', text: role.prompt, budget: 8_000 },
    { name: 'Contract', text: `${CONTRACTS[purpose] ?? ANSWER}:\n${contractOf(purpose).text}`, budget: 16_000 },
  ]);
}

/** Throws WorkFailure (`permanent`) for a brief that no try could make smaller. */
function refuseTooLarge(sizes: readonly SectionSize[]): void {
  const sum = (of: (one: SectionSize) => number) => sizes.reduce((total, one) => total + of(one), 0);
  const [bytes, tokens] = [sum((one) => one.bytes), sum((one) => one.tokens)];
  if (bytes <= briefCeiling.bytes && tokens <= briefCeiling.tokens) return;
  const largest = sizes.toSorted((one, other) => other.bytes - one.bytes)[0]?.name ?? '';
  const limit = `at most ${briefCeiling.bytes} bytes and ${briefCeiling.tokens} tokens are asked`;
  const reason = `prompt_too_large: the brief has ${bytes} bytes, about ${tokens} tokens; ${limit}, and most of it is "${largest}"`;
  throw new WorkFailure({ kind: 'permanent', reason });
}

const ANSWER = 'Answer with one JSON value of this schema';
/** How the answer of a purpose is given, where it is not simply said. */
const CONTRACTS: Partial<Record<Purpose, string>> = {
  work: 'Work with your tools; end by handing in one JSON value of this schema',
};

type Asked = Pick<Question, 'purpose' | 'system' | 'prompt' | 'schema' | 'tools' | 'rounds'>;

/** The question as the model gets it. @param name what it is called within its attempt */
function questionOf({ agent, role, work, about, taskType, attempt }: Asking, name: string, asked: Asked): Question {
  return {
    id: `${work}.a${attempt}.${name}`,
    role: role.name,
    agent,
    tier: role.tier,
    taskType,
    about,
    attempt,
    ...asked,
  };
}

/** An answer, and the digest of what was sent for it. */
type Reply = Answer & { readonly prompt: string | undefined };

/**
 * Puts one question to the model, when there is money for it.
 * @param after the step of the turn before, in a tool loop
 * Throws OutOfMoney; WorkFailure with what the failed call cost.
 */
async function ask(ports: Ports, asking: Asking, question: Question, after?: string): Promise<Reply> {
  const { agent, role, work, about, task, started, turn } = asking;
  const { id, purpose } = question;
  try {
    const price = { worst: ports.model.quote(question), longestMs: role.policy.stepMs };
    const call = { id, agent, role, work, about, task, purpose, started, turn, ...price };
    let kept: Promise<string | undefined> | undefined;
    const answer = await ports.money.during(call, async () => {
      // What a script answers to is the scenario's, which is kept anyway.
      if (ports.model.converses) kept = keepPrompt(ports, snapshotOf(question, after));
      return turn
        .pause(() => watched(ports, asking, question))
        .catch((error: unknown) => refusal(asking, question, error));
    });
    return { prompt: await kept, ...answer };
  } catch (error) {
    if (error instanceof ModelFailure) throw new WorkFailure(error.failure, error.usage);
    throw error;
  }
}

/** Lets the model think. What it says on the way is said on the stream; only the whole answer counts. */
async function watched(ports: Ports, { agent, task, turn, signal }: Asking, question: Question): Promise<Answer> {
  let listener: Listener | undefined;
  const heard = (part: string) => {
    const { id } = question;
    listener ??= new Listener(
      ports,
      speaking(ports.bus, { agent, task: task?.id, call: id, id: `${id}.${turn.now()}` }),
    );
    listener.hear(part);
  };
  try {
    return await ports.model.think(question, signal, heard);
  } finally {
    listener?.end();
  }
}

/** Records what the guard of the model refuses; throws the error again. */
async function refusal({ refused }: Asking, { id, purpose }: Question, error: unknown): Promise<never> {
  if (error instanceof WordsRefused) {
    const { reason } = error.failure;
    await refused({ tool: 'think', summary: `${purpose}, ${id}`, rule: 'secret', reason });
  }
  throw error;
}

/** So much of a broken answer is shown to whoever gave it, in characters. */
const SHOWN = 20_000;

/**
 * Asks; an answer that breaks its schema is shown to the model once, with what is wrong with it. Both calls are paid for. Not
 * for a model that does not converse: see `Model.converses`.
 */
async function askFor(ports: Ports, asking: Asking, purpose: Purpose, question: Question): Promise<Reply> {
  const reply = await ask(ports, asking, question);
  const parsed = parseAnswer(purpose, reply.text);
  if (parsed.ok || !ports.model.converses) return reply;
  const prompt = [
    question.prompt,
    '# Your last answer',
    `It cannot be used: ${parsed.reason}. Give the whole answer again, corrected, and nothing else. It was (JSON text):`,
    JSON.stringify(reply.text.slice(0, SHOWN)),
  ].join('\n\n');
  try {
    const repaired = await ask(ports, asking, { ...question, id: `${question.id}.repair`, prompt });
    return { ...repaired, usage: added(repaired.usage, reply.usage) };
  } catch (error) {
    if (!(error instanceof WorkFailure)) throw error;
    throw new WorkFailure(error.failure, error.usage ? added(error.usage, reply.usage) : reply.usage);
  }
}

/**
 * Asks the role's model once.
 * @param sections of the brief
 * @param refuse says what is wrong with an answer that parses
 * Throws WorkFailure with what the failed call cost.
 */
export async function think<P extends Purpose>(
  ports: Ports,
  asking: Asking,
  purpose: P,
  sections: readonly Section[],
  refuse?: (answer: AnswerTo<P>) => string | undefined,
): Promise<Outcome<Thought<P>>> {
  const { system, prompt, sizes } = told(asking.role, purpose, sections);
  const { schema } = contractOf(purpose);
  const asked = { purpose, system, prompt, schema, tools: [], rounds: [] };
  const reply = await askFor(ports, asking, purpose, questionOf(asking, purpose, asked));
  const parsed = parseAnswer(purpose, reply.text);
  if (!parsed.ok) throw new WorkFailure({ kind: 'contract', reason: parsed.reason }, reply.usage);
  const wrong = refuse?.(parsed.answer);
  if (wrong !== undefined) throw new WorkFailure({ kind: 'contract', reason: wrong }, reply.usage);
  return { result: { answer: parsed.answer, brief: sizes }, usage: reply.usage, prompt: reply.prompt };
}

/** One turn of a tool loop: what the model says and wants done, and what it took. */
export type Said = {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  /** Word for word, for the next round. */
  readonly said: unknown;
  /** US dollars, and ms of the company's time. */
  readonly cost: number;
  readonly ms: number;
};

/** A tool loop that has begun: its brief and its tools stay as they are. */
export type Loop = { readonly told: Told; readonly tools: readonly ToolSpec[] };

/**
 * Takes one turn of a tool loop.
 * @param rounds what was said and done before
 * @param afford gets the most that this turn can cost, US dollars; it throws when that is too much
 * Throws WorkFailure with what the failed call cost.
 */
export async function takeTurn(
  ports: Ports,
  asking: Asking,
  { told: { system, prompt }, tools }: Loop,
  rounds: readonly Exchange[],
  afford: (worst: number) => void,
): Promise<Outcome<Said>> {
  const asked = { purpose: 'work', system, prompt, schema: undefined, tools, rounds } as const;
  const question = questionOf(asking, turnName(rounds), asked);
  afford(ports.model.quote(question));
  const begun = asking.turn.now();
  const after = rounds.length === 0 ? undefined : turnName(rounds.slice(1));
  const { text, calls, said, usage, prompt: sent } = await ask(ports, asking, question, after);
  const ms = asking.turn.now() - begun;
  return { result: { text, calls, said, cost: usage.cost, ms }, usage, prompt: sent };
}

/** The step of the turn that follows these rounds. */
export function turnName(rounds: readonly Exchange[]): string {
  return `work.${rounds.length + 1}`;
}
