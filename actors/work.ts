// What a duty gets, whether it does a task or answers a message.

import type { AnswerTo } from '../brain/answers.ts';
import { type Section, taintOf } from '../brain/brief.ts';
import type { Purpose, ToolSpec } from '../brain/models/model.ts';
import type { Snapshot } from '../brain/models/snapshot.ts';
import type { Delivery } from '../bus/bus.ts';
import type { Turn } from '../bus/clock.ts';
import { signed, type Unsigned } from '../bus/drafts.ts';
import type { MessageType } from '../bus/messages.ts';
import type { PolicyCall, Refusal } from '../bus/policy.ts';
import type { Task } from '../bus/records.ts';
import type { Org, Role } from '../org/org.ts';
import type { Decision } from '../tools/policy/gate.ts';
import { tellingTools } from '../tools/policy/refusals.ts';
import type { Agent } from './agent.ts';
import type { Bill, Conversation, Work } from './duty.ts';
import type { Outcome } from './journal.ts';
import { StepLimit } from './limit.ts';
import { publishOnce } from './once.ts';
import { Permits } from './permits.ts';
import type { Ports } from './ports.ts';
import { keepPrompt } from './prompts.ts';
import { type Asking, type Told, takeTurn, think, told, turnName } from './thinking.ts';

/** A delivery in an agent's hands. */
export type Held = {
  readonly ports: Ports;
  readonly agent: Agent;
  readonly role: Role;
  readonly delivery: Delivery;
  readonly turn: Turn;
  /** Aborted when the process must stop at once. */
  readonly signal: AbortSignal;
  /** Aborted when the company closes: work goes on to the end of its attempt, waits are given back. */
  readonly closing: AbortSignal;
};

/** What differs between a task and a job. */
export type Bound = {
  /** Names the work, what it is about, and the attempt; asked anew for each step. */
  readonly at: () => {
    /** Of the task or job. */
    readonly id: string;
    readonly work: string;
    readonly about: string;
    readonly taskType: string | undefined;
    readonly task: Task | undefined;
    readonly attempt: number;
  };
  /** @param early `run` waits for `started` itself */
  readonly step: <T>(name: string, run: () => Promise<Outcome<T>>, early: boolean) => Promise<T>;
  /** Waits until it is on the stream that the work has started, and whose it is. */
  readonly started: () => Promise<void>;
  readonly taint: () => readonly string[];
  /** Adds to what it has read from outside. */
  readonly addTaint: (sources: readonly string[]) => void;
  /** What every brief of it says. */
  readonly sections: () => readonly Section[];
  /** What its messages say of their cause, and the first instant (epoch ms) they can have been published. */
  readonly cause: () => {
    readonly correlationid: string | undefined;
    readonly causationid: string;
    readonly since: number;
  };
};

/** The part of a duty's context that tasks and jobs share. */
export class HeldWork implements Work {
  readonly agent: string;
  readonly role: Role;
  readonly turn: Turn;
  readonly bus: Work['bus'];
  readonly tools: Work['tools'];
  readonly secrets: Work['secrets'];
  readonly knowledge: Work['knowledge'];
  readonly board: Work['board'];
  readonly company: Work['company'];
  readonly #held: Held;
  readonly #bound: Bound;
  readonly #limit: StepLimit;
  readonly #permits: Permits;

  constructor(held: Held, bound: Bound) {
    const { ports, agent, role, turn, signal } = held;
    this.agent = agent.name;
    this.role = role;
    this.bus = ports.bus;
    this.secrets = ports.secrets;
    this.knowledge = ports.knowledge;
    this.board = ports.board;
    this.company = ports.company;
    this.#held = held;
    this.#bound = bound;
    this.#limit = new StepLimit(ports.clock, turn, signal, role.policy.stepMs);
    this.turn = this.#limit.turn;
    this.#permits = new Permits({
      agent: agent.name,
      role,
      work: bound.at,
      taint: bound.taint,
      secrets: ports.secrets,
      // Work that is taken up again asks again, long after the stream has forgotten the ids that it knew.
      publish: (subject, draft) => publishFrom(held, bound.cause(), subject, draft, bound.cause().since),
    });
    this.tools = tellingTools(ports.tools, (refusal) => this.refused(refusal));
  }

  get org(): Org {
    return this.#held.ports.org();
  }

  get signal(): AbortSignal {
    return this.#limit.signal;
  }

  get taint(): readonly string[] {
    return this.#bound.taint();
  }

  tainted(sources: readonly string[] | undefined): void {
    const known = this.#bound.taint();
    const added = (sources ?? []).filter((one) => !known.includes(one));
    if (added.length > 0) this.#bound.addTaint([...new Set(added)]);
  }

  decide(call: PolicyCall, allowedBy?: string): Promise<Decision> {
    return this.#permits.decide(call, allowedBy);
  }

  refused(refusal: Refusal): Promise<void> {
    return this.#permits.refused(refusal);
  }

  step<T>(name: string, run: () => Promise<T>): Promise<T> {
    return this.#recorded(name, async () => ({ result: await run() }));
  }

  async think<P extends Purpose>(
    purpose: P,
    sections: readonly Section[],
    refuse?: (answer: AnswerTo<P>) => string | undefined,
  ): Promise<AnswerTo<P>> {
    return (await this.conclude(purpose, sections, () => undefined, refuse)).answer;
  }

  async conclude<P extends Purpose, C>(
    purpose: P,
    sections: readonly Section[],
    conclude: (answer: AnswerTo<P>) => C,
    refuse?: (answer: AnswerTo<P>) => string | undefined,
  ): Promise<{ readonly answer: AnswerTo<P>; readonly concluded?: C | undefined }> {
    const { ports } = this.#held;
    // Also where the answer is recorded already: what a job has read is not on the stream.
    this.tainted(taintOf(sections));
    const run = async () => {
      const all = [...this.#bound.sections(), ...sections];
      this.tainted(taintOf(all));
      const outcome = await think(ports, this.#asking(), purpose, all, refuse);
      const concluded = conclude(outcome.result.answer);
      const { answer, brief } = outcome.result;
      return { ...outcome, result: { answer, brief, ...(concluded === undefined ? {} : { concluded }) } };
    };
    // It waits when there is money, before it asks.
    return this.#recorded(purpose, run, true);
  }

  pay<T>(bill: Bill, run: () => Promise<Outcome<T>>): Promise<T> {
    const { name, ...rest } = bill;
    const asking = this.#asking();
    const id = `${asking.work}.a${asking.attempt}.${name}`;
    const call = { ...asking, ...rest, id, longestMs: this.role.policy.stepMs };
    return this.#recorded(name, () => this.#held.ports.money.during(call, run));
  }

  keep(sent: Snapshot): Promise<string | undefined> {
    return keepPrompt(this.#held.ports, sent);
  }

  brief(sections: readonly Section[]): Promise<Told> {
    return this.step('brief', async () => {
      const all = [...this.#bound.sections(), ...sections];
      this.tainted(taintOf(all));
      return told(this.role, 'work', all);
    });
  }

  async converse(sections: readonly Section[], tools: readonly ToolSpec[]): Promise<Conversation> {
    const { ports } = this.#held;
    // Recorded, for what a brief says changes with time, and all turns of a loop must have begun with the same one.
    const brief = await this.brief(sections);
    return {
      next: (rounds, afford) => {
        const name = turnName(rounds);
        const run = () => takeTurn(ports, this.#asking(), { told: brief, tools }, rounds, afford);
        return this.#recorded(name, run);
      },
    };
  }

  #asking(): Asking {
    const refused = (refusal: Refusal) => this.refused(refusal);
    const { started } = this.#bound;
    const { agent, role, turn, signal } = this;
    return { agent, role, ...this.#bound.at(), started, turn, signal, refused };
  }

  async publish<T extends MessageType>(subject: string, draft: Unsigned<T>, since?: number): Promise<void> {
    await publishFrom(this.#held, this.#bound.cause(), subject, draft, since);
  }

  /** A step within its limit, recorded with what the gate allowed on the way. */
  #recorded<T>(name: string, run: () => Promise<Outcome<T>>, early = false): Promise<T> {
    const limited = async () => {
      const { result, usage, prompt } = await this.#limited(name, run);
      return { result, usage, prompt, allowed: this.#permits.takeAllowed() };
    };
    return this.#bound.step(name, limited, early);
  }

  /** One step within its limit, after whatever a scenario does to it. */
  #limited<T>(name: string, run: () => Promise<T>): Promise<T> {
    const { about, attempt } = this.#bound.at();
    return this.#limit.during(name, async () => {
      await this.#held.ports.atStep?.({ agent: this.agent, task: about, attempt, step: name }, this.turn);
      return run();
    });
  }
}

/** Publishes with a cause and a lineage; when it may have been said before, by this work or since `others`, only if it was not. */
export async function publishFrom<T extends MessageType>(
  { ports, agent, delivery }: Pick<Held, 'ports' | 'agent' | 'delivery'>,
  { since, ...cause }: ReturnType<Bound['cause']>,
  subject: string,
  said: Unsigned<T>,
  others?: number,
): Promise<void> {
  const draft = signed({ ...cause, source: agent.name }, said);
  const mayBeSaid = delivery.attempt > 1 || others !== undefined;
  if (mayBeSaid) await publishOnce(ports.bus, subject, draft, Math.min(since, others ?? since));
  else await ports.bus.publish(subject, draft);
}
