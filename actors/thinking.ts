// Asking a model, the one way everything in the company does it: a brief from measured sections, one call outside the turn,
// an answer parsed by the schema that the brief's contract was generated from.

import { type AnswerTo, contractOf, parseAnswer } from '../brain/answers.ts';
import { buildBrief, type Section } from '../brain/brief.ts';
import { ModelFailure, type Purpose } from '../brain/models/model.ts';
import type { Turn } from '../bus/clock.ts';
import type { Role } from '../org/org.ts';
import { WorkFailure } from './duty.ts';
import type { Outcome } from './journal.ts';
import type { Ports } from './ports.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export type Thought<P extends Purpose> = {
  readonly answer: AnswerTo<P>;
  /** What each section of the brief took, in bytes. */
  readonly brief: readonly { readonly name: string; readonly bytes: number; readonly cut: boolean }[];
};

export type Asking = {
  readonly agent: string;
  readonly role: Role;
  /** Names the work in which it is asked: the natural key of a task, the id of a job. */
  readonly work: string;
  /** Natural key of what it is about, and its type where it is a task. */
  readonly about: string;
  readonly taskType: string | undefined;
  readonly attempt: number;
  readonly turn: Turn;
  readonly signal: AbortSignal;
};

/**
 * Asks the role's model once.
 * @param sections of the brief; the role's prompt and the contract of the purpose stand apart from them
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
  const { agent, role, work, about, taskType, attempt, turn, signal } = asking;
  refuseOverBudget(ports, role, turn.now());
  const contract = contractOf(purpose);
  const system = buildBrief([
    { name: 'Who you are', text: role.prompt, budget: 8_000 },
    { name: 'Contract', text: `Answer with one JSON value of this schema:\n${contract.text}`, budget: 16_000 },
  ]);
  const brief = buildBrief(sections);
  const question = {
    id: `${work}.a${attempt}.${purpose}`,
    purpose,
    role: role.name,
    agent,
    tier: role.tier,
    taskType,
    about,
    attempt,
    system: system.text,
    prompt: brief.text,
    schema: contract.schema,
    tools: [],
    rounds: [],
  };
  const reply = await turn
    .pause(() => ports.model.think(question, signal))
    .catch((error: unknown) => {
      if (error instanceof ModelFailure) throw new WorkFailure(error.failure, error.usage);
      throw error;
    });
  const parsed = parseAnswer(purpose, reply.text);
  if (!parsed.ok) throw new WorkFailure({ kind: 'contract', reason: parsed.reason }, reply.usage);
  const wrong = refuse?.(parsed.answer);
  if (wrong !== undefined) throw new WorkFailure({ kind: 'contract', reason: wrong }, reply.usage);
  return { result: { answer: parsed.answer, brief: [...system.sizes, ...brief.sizes] }, usage: reply.usage };
}

/** A role that has used up its money for the day waits for the next one, like a provider out of quota. */
function refuseOverBudget({ board }: Ports, role: Role, now: number): void {
  const { budget } = role;
  if (budget === undefined || board.spentOn(role.name, now) < budget) return;
  const until = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
  throw new WorkFailure({ kind: 'quota', reason: `${role.name} has used up its $${budget} for today`, until });
}
