// Policies are data, from org.yaml; the charts are built from them. Nothing here knows how the file looks.

import type { FailureKind } from '../bus/records.ts';
import type { Signal } from '../bus/scores.ts';

/** What changes from one attempt to the next. `standard` runs the work as it is. */
export type Rung = 'standard' | 'recall' | 'consult' | 'decompose' | 'escalate';

export const rungs: readonly Rung[] = ['standard', 'recall', 'consult', 'decompose', 'escalate'];

/** Failures that say something about the work: only these climb. */
export const climbing: readonly FailureKind[] = ['quality', 'contract'];

/**
 * Failures that say nothing about the work: the same attempt again, later, at most `waits` times. A quota whose end is known
 * is not counted among them.
 */
export const waiting: readonly FailureKind[] = ['environment', 'quota', 'dependency'];

export type AgentPolicy = {
  /** Attempt n runs rung n. The last rung must be `escalate`. */
  readonly ladder: readonly Rung[];
  readonly backoff: { readonly firstMs: number; readonly factor: number; readonly maxMs: number };
  /** Retries of one attempt for failures that do not climb. */
  readonly waits: number;
  /** Levels of subtasks below a task; 0 = never decompose. */
  readonly depth: number;
  /** The longest a step may take, ms of company time; then it is aborted and has failed (`environment`). */
  readonly stepMs: number;
  /** Limits on a lineage: a task with all its subtasks and reassignments. */
  readonly lineage: { readonly attempts: number; readonly cost: number; readonly ms: number };
};

/**
 * Delay before retry number `retry` (1-based), in ms: exponential, capped.
 */
export function backoffMs(backoff: AgentPolicy['backoff'], retry: number): number {
  return Math.min(backoff.maxMs, Math.round(backoff.firstMs * backoff.factor ** (retry - 1)));
}

/** How long a provider of models that is in trouble is left alone, ms. */
export type ProviderPolicy = {
  /** Before the second, third, ... try; a failure after the last of them opens the circuit. */
  readonly waitsMs: readonly number[];
  /** Between the probes of an open circuit; the last one is repeated. */
  readonly probesMs: readonly number[];
  /** What a provider asks for is obeyed up to this. */
  readonly longestMs: number;
  /** How long the first call of a probe may be silent before another one is let through; twice as long for each more. */
  readonly probeMs: number;
};

/**
 * The waits are those of the reference system, at most five in a row. One probe an hour costs nothing, and nobody else's
 * header may park a company for longer.
 */
export const providerPolicy: ProviderPolicy = {
  waitsMs: [15_000, 30_000, 60_000, 90_000, 120_000],
  probesMs: [300_000, 600_000, 1_200_000, 2_400_000, 3_600_000],
  longestMs: 3_600_000,
  probeMs: 120_000,
};

export const signals: readonly Signal[] = ['qa', 'time', 'regressions', 'quality', 'attempts'];

/** What the reward engine does with a score in a band (company-os.md section 5). */
export type Effect = 'praise' | 'optimise' | 'correct' | 'recover';

export type RewardPolicy = {
  /** Sum to 1. */
  readonly weights: Readonly<Record<Signal, number>>;
  /** Cover 0-100 without gaps, highest first; `from` is inclusive. */
  readonly bands: readonly { readonly name: string; readonly from: number; readonly effect: Effect }[];
};

/** How far an agent is trusted (machines/standing.ts). */
export type StandingName = 'probation' | 'trusted' | 'lead' | 'benched';

/** What a standing changes besides who is asked first. */
export type StandingEffects = {
  /** Approvals by other roles that a change needs. */
  readonly reviews: 1 | 2;
  /** `light`: the reviewer is shown less, and asked about risks only. */
  readonly review: 'full' | 'light';
  /** The model tier it thinks with; its role's unless told. */
  readonly tier: 'strategy' | 'coding' | 'light' | undefined;
  /** Whether it may split a task into parts by itself. */
  readonly splits: boolean;
};

export type StandingPolicy = {
  /** Where somebody new stands. */
  readonly start: Exclude<StandingName, 'benched'>;
  /** The last so many tasks count. */
  readonly window: number;
  /** After this long a score weighs half, ms. */
  readonly halfLifeMs: number;
  /** Of the interval around the mean, 0.5 to 0.999. */
  readonly confidence: number;
  /** The least standard deviation that is believed, points: equal scores by chance must not look like certainty. */
  readonly spread: number;
  /** Up, when the lower bound reaches `from` and at least `tasks` count. */
  readonly trusted: { readonly from: number; readonly tasks: number };
  readonly lead: { readonly from: number; readonly tasks: number };
  /** Down, when the upper bound is under `below` and at least `tasks` count. */
  readonly probation: { readonly below: number; readonly tasks: number };
  readonly benched: { readonly below: number; readonly tasks: number; readonly forMs: number };
  readonly effects: Readonly<Record<StandingName, StandingEffects>>;
};
