// What a role knows how to do. A task duty does the tasks in a role's mailbox, in the phases of the agent chart; a standing
// duty answers other messages (directives, ticks, alerts, requests). Giving a role a duty in org.yaml is all it takes.
//
// Rules for a duty:
//   - everything that costs money or touches the world happens inside `step` (or `think`, which is one): its result is
//     recorded before the next one starts, so after a crash it is not done again;
//   - ids of messages derive from what they are about;
//   - a failure that the company should react to is thrown as a WorkFailure.

import type { AnswerTo } from '../brain/answers.ts';
import type { Section } from '../brain/brief.ts';
import type { Knowledge } from '../brain/knowledge/passage.ts';
import type { CompanyBrain } from '../brain/memory/company.ts';
import type { Exchange, Purpose, ToolSpec } from '../brain/models/model.ts';
import type { Snapshot } from '../brain/models/snapshot.ts';
import type { Bus } from '../bus/bus.ts';
import type { Turn } from '../bus/clock.ts';
import type { Unsigned } from '../bus/drafts.ts';
import type { Message, MessageType } from '../bus/messages.ts';
import type { PolicyCall, Refusal } from '../bus/policy.ts';
import type { Evidence, Failure, Task, Usage } from '../bus/records.ts';
import type { StandingEffects } from '../machines/policy.ts';
import type { Org, Role } from '../org/org.ts';
import type { Decision } from '../tools/policy/gate.ts';
import type { Secrets } from '../tools/policy/secrets.ts';
import type { Tools } from '../tools/tools.ts';
import type { Board } from './board.ts';
import type { Outcome } from './journal.ts';
import type { Said, Told } from './thinking.ts';

/** A failure the agent chart reacts to. */
export class WorkFailure extends Error {
  override readonly name = 'WorkFailure';
  readonly failure: Failure;
  readonly usage: Usage | undefined;
  constructor(failure: Failure, usage?: Usage) {
    super(failure.reason);
    this.failure = failure;
    this.usage = usage;
  }
}

/** A tool loop with a role's model. */
export interface Conversation {
  /**
   * The model's next turn, as a recorded step (`work.1`, `work.2`, ...): never paid for twice.
   * @param rounds everything said and done so far
   * @param afford gets the most that the turn can cost, US dollars; it throws when that is too much
   * Throws WorkFailure.
   */
  next(rounds: readonly Exchange[], afford: (worst: number) => void): Promise<Said>;
}

/** Something that costs money, before it is bought. */
export type Bill = {
  /** Unique among what this work pays for in one attempt (`loop.3`); the same when it is done again after a crash. */
  readonly name: string;
  readonly purpose: string;
  /** The most it can cost, US dollars. */
  readonly worst: number;
  readonly model?: string | undefined;
};

/**
 * The failure in whatever was thrown, with its reason scrubbed, for it is recorded; undefined for anything that no chart
 * reacts to, which is a crash of the agent.
 */
export function failureIn(error: unknown, secrets: Secrets): WorkFailure | undefined {
  // A fault put in by a scenario carries its failure in the same way.
  if (!(error instanceof Error) || !('failure' in error)) return undefined;
  const failure = error.failure as Failure;
  const usage = error instanceof WorkFailure ? error.usage : undefined;
  return new WorkFailure({ ...failure, reason: secrets.scrub(failure.reason) }, usage);
}

/** What every duty gets. */
export interface Work {
  readonly agent: string;
  readonly role: Role;
  /** The org chart in force. */
  readonly org: Org;
  readonly turn: Turn;
  readonly signal: AbortSignal;
  readonly bus: Bus;
  readonly tools: Tools;
  /** For what goes out by another way than `tools` and `think`. */
  readonly secrets: Secrets;
  /** What the company was given to read. */
  readonly knowledge: Knowledge;
  /** Every task and agent, folded from the stream. */
  readonly board: Board;
  /** The company brain, folded from the stream. */
  readonly company: CompanyBrain;
  /** Text from outside that this work has read, or that what it is about came from. */
  readonly taint: readonly string[];
  /** Says that text from outside is read here: it stays with the task, and with every task filed from here. */
  tainted(sources: readonly string[] | undefined): void;
  /**
   * Asks the policy gate before a tool is used; the decision is recorded. A refusal is on the stream when this returns.
   * @param allowedBy the person who allowed this very act
   */
  decide(call: PolicyCall, allowedBy?: string): Promise<Decision>;
  /** Records what a guard outside of `tools` and `think` has refused; those do it themselves. */
  refused(refusal: Refusal): Promise<void>;
  /** Runs once and records the result (JSON); after a crash, and on every later call, gives the record. */
  step<T>(name: string, run: () => Promise<T>): Promise<T>;
  /**
   * Asks this role's model, as a recorded step named after the purpose. `sections` come on top of what every brief has.
   * @param refuse says what is wrong with an answer that parses; such an answer is not recorded, so a retry asks again
   * Throws WorkFailure (`contract` when the answer does not parse or is refused).
   */
  think<P extends Purpose>(
    purpose: P,
    sections: readonly Section[],
    refuse?: (answer: AnswerTo<P>) => string | undefined,
  ): Promise<AnswerTo<P>>;
  /**
   * As `think`, and records with the answer what follows from it: one step instead of two, where what follows must not change.
   * `concluded` is missing in the record of a program that recorded it apart.
   */
  conclude<P extends Purpose, C>(
    purpose: P,
    sections: readonly Section[],
    conclude: (answer: AnswerTo<P>) => C,
    refuse?: (answer: AnswerTo<P>) => string | undefined,
  ): Promise<{ readonly answer: AnswerTo<P>; readonly concluded?: C | undefined }>;
  /**
   * Pays for something else than a model's answer, as a recorded step: sets its worst case aside, runs it, settles what its
   * usage says (money/desk.ts). `think` and `converse` do this themselves.
   */
  pay<T>(bill: Bill, run: () => Promise<Outcome<T>>): Promise<T>;
  /** Keeps what is sent by another way than `think` and `converse`; gives its digest, for the outcome of the step. */
  keep(sent: Snapshot): Promise<string | undefined>;
  /** What a worker is told that is no model of ours, such as a command line: recorded, so that it stays as it is. */
  brief(sections: readonly Section[]): Promise<Told>;
  /** Begins a tool loop with this role's model; its brief is recorded, so that every turn has the same one. */
  converse(sections: readonly Section[], tools: readonly ToolSpec[]): Promise<Conversation>;
  /**
   * Publishes with this work as its cause and lineage.
   * @param since when other work may have said the same first (epoch ms): then it is looked for, for ids are forgotten
   */
  publish<T extends MessageType>(subject: string, draft: Unsigned<T>, since?: number): Promise<void>;
}

/** A task being worked on. */
export interface TaskWork extends Work {
  /** As last recorded. */
  readonly task: Task;
  /** What the standing of its author changes. */
  readonly standing: StandingEffects;
  /** Changes the recorded task together with the next recorded step or event. */
  note(patch: Partial<Task>): void;
}

/** A message being handled by a standing duty. */
export interface JobWork extends Work {
  readonly message: Message;
  /** 1 on the first try. */
  readonly attempt: number;
}

/** What verification came to: evidence, or something that must happen first (the agent goes idle until then). */
export type Verdict = { readonly evidence: readonly Evidence[] } | { readonly awaiting: string };

export type TaskDuty = {
  readonly kind: 'task';
  readonly name: string;
  /** It asks a model: while none can be asked, its mailbox waits. */
  readonly thinks?: true;
  /** Types of task it does. */
  readonly types: readonly string[];
  /** Evidence without which a task is not done; all of it about one commit where it names one. */
  readonly needs: readonly Evidence['check'][];
  /** Does the work of this attempt. */
  execute(work: TaskWork): Promise<void>;
  /** Establishes evidence; called again when what it awaited has happened. */
  verify(work: TaskWork): Promise<Verdict>;
};

export type StandingDuty = {
  readonly kind: 'standing';
  readonly name: string;
  /** It asks a model: while none can be asked, its mailbox waits. */
  readonly thinks?: true;
  /** Subjects it listens to, besides `clock.<name>` when the role schedules it. */
  readonly filters: readonly string[];
  readonly types: readonly MessageType[];
  /** A look that costs nothing: false = there is nothing to do, and no job is recorded. */
  wants(work: Pick<Work, 'agent' | 'role' | 'org' | 'board' | 'company' | 'tools'>, message: Message): boolean;
  run(work: JobWork): Promise<void>;
};

export type Duty = TaskDuty | StandingDuty;

/** True for a role whose work asks a model of ours: a command line has one of its own. */
export function asksModels({ engine, duties }: Role, known: ReadonlyMap<string, Duty>): boolean {
  if (Object.values(engine).some((one) => one === 'claude' || one === 'codex')) return false;
  return duties.some((name) => known.get(name)?.thinks === true);
}
