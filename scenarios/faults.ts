// The faults of a scenario, put between a company and its model and its steps. Each strikes as often as it says, so the same
// scenario goes wrong in the same way every time.

import { type Answer, type Model, ModelFailure, type Question } from '../brain/models/model.ts';
import { keyMatches } from '../brain/models/scripted.ts';
import type { Clock, Turn } from '../bus/clock.ts';
import type { Failure } from '../bus/records.ts';
import type { TimedFault } from './schema.ts';

/** An agent is gone. No chart knows this error, so it is a crash. */
export class InjectedCrash extends Error {
  override readonly name = 'InjectedCrash';
}

/** A tool fails in a typed way; the agent chart reacts to `failure`. */
export class InjectedFailure extends Error {
  override readonly name = 'InjectedFailure';
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.reason);
    this.failure = failure;
  }
}

export type StepPlace = {
  readonly agent: string;
  /** Natural key of the task, or of what a standing duty is about. */
  readonly task: string;
  readonly attempt: number;
  readonly step: string;
};

export type Faults = {
  /** The model as the company meets it: out of quota at times, cut off at times. */
  model(model: Model): Model;
  /** To be called before each step runs. Throws InjectedCrash or InjectedFailure, or takes its time on the turn. */
  atStep(at: StepPlace, turn: Turn): Promise<void>;
  /** Faults that have not struck as often as they should: a script that misses is worth knowing. */
  unspent(): readonly string[];
};

/** Agents of a role are called `<role>` or `<role>-<n>`. */
export function isAgentOf(agent: string, name: string): boolean {
  return agent === name || (agent.startsWith(`${name}-`) && /^\d+$/.test(agent.slice(name.length + 1)));
}

type Where = {
  agent?: string | undefined;
  task?: string | undefined;
  step?: string | undefined;
  attempt?: number | undefined;
};

function strikesAt(where: Where, at: StepPlace): boolean {
  return (
    (where.agent === undefined || isAgentOf(at.agent, where.agent)) &&
    (where.task === undefined || keyMatches(where.task, at.task)) &&
    (where.step === undefined || where.step === at.step) &&
    (where.attempt === undefined || where.attempt === at.attempt)
  );
}

const INSTANTS: readonly string[] = ['from', 'until'];

function named(fault: TimedFault): string {
  const [kind, details] = Object.entries(fault)[0] ?? ['fault', {}];
  const told = (key: string, value: unknown) =>
    typeof value === 'number' && INSTANTS.includes(key) ? new Date(value).toISOString() : value;
  return `${kind} ${JSON.stringify(details, told)}`;
}

/**
 * @param faults in the order of the scenario; of several that fit one step, all strike, slow ones first
 * @param clock the company's
 */
export function createFaults(faults: readonly TimedFault[], clock: Pick<Clock, 'now'>): Faults {
  const left = new Map(faults.map((fault) => [fault, timesOf(fault)]));
  const spend = (fault: TimedFault): boolean => {
    const times = left.get(fault) ?? 0;
    left.set(fault, Math.max(0, times - 1));
    return times > 0;
  };

  function refuse({ tier }: Question): void {
    for (const fault of faults) {
      const { quota } = fault;
      if (!quota || clock.now() < quota.from || clock.now() >= quota.until) continue;
      if (quota.tier !== undefined && quota.tier !== tier) continue;
      spend(fault);
      throw new ModelFailure({ kind: 'quota', reason: 'the provider refuses: out of quota', until: quota.until });
    }
  }

  function isGarbled({ purpose, about, attempt }: Question): boolean {
    return faults.some((fault) => {
      const { garbage } = fault;
      if (!garbage) return false;
      if (garbage.purpose !== undefined && garbage.purpose !== purpose) return false;
      if (garbage.task !== undefined && !keyMatches(garbage.task, about)) return false;
      return (garbage.attempt === undefined || garbage.attempt === attempt) && spend(fault);
    });
  }

  return {
    model: (inner) => ({
      ...(inner.converses ? { converses: true } : {}),
      quote: (question) => inner.quote(question),
      async think(question, signal, heard): Promise<Answer> {
        refuse(question);
        const answer = await inner.think(question, signal, heard);
        return isGarbled(question) ? { ...answer, text: answer.text.slice(0, answer.text.length / 2) } : answer;
      },
    }),
    async atStep(at, turn) {
      for (const fault of faults) {
        if (fault.slow && strikesAt(fault.slow, at) && spend(fault)) await turn.sleepUntil(turn.now() + fault.slow.by);
      }
      for (const fault of faults) {
        if (fault.crash && strikesAt(fault.crash, at) && spend(fault)) {
          throw new InjectedCrash(`${at.agent} was ended before the step ${at.step} of ${at.task}`);
        }
        if (fault.tool && strikesAt(fault.tool, at) && spend(fault)) {
          throw new InjectedFailure({ kind: fault.tool.kind, reason: fault.tool.reason });
        }
      }
    },
    // An outage is told by the provider's own messages. A strike belongs to a simulated run, which knows whether it came to it.
    unspent: () => faults.filter((fault) => !fault.strike && !fault.provider && (left.get(fault) ?? 0) > 0).map(named),
  };
}

function timesOf({ crash, garbage, tool, slow }: TimedFault): number {
  return (crash ?? garbage ?? tool ?? slow)?.times ?? 1;
}
