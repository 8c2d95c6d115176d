// How well a task was done, as pure functions: evidence -> signals -> score -> band. machines/reward.ts decides what
// follows from the band.

import type { Evidence, FailureKind } from '../bus/records.ts';
import { type RewardPolicy, type Signal, signals } from './policy.ts';

/** What is known of a finished task. A `Task` record has all of it (`workingMs` in `spent`, `attempts` as `attempt`). */
export type Deed = {
  /** Attempts started, the successful one included; 1 or more. */
  readonly attempts: number;
  readonly estimateMs: number;
  readonly workingMs: number;
  readonly evidence: readonly Pick<Evidence, 'check' | 'ok'>[];
  readonly failures: readonly { readonly kind: FailureKind }[];
};

/** Evidence about what the work does. */
const tested: readonly Evidence['check'][] = ['tests', 'checks'];
/** Evidence that what worked before still works. */
const unbroken: readonly Evidence['check'][] = ['checks', 'merge', 'deployment', 'health'];
/** Evidence about how the work is made. */
const judged: readonly Evidence['check'][] = ['syntax', 'review', 'answer', 'children'];

/**
 * The signals of a finished task, each 0 to 1. One without evidence is left out, not guessed:
 * - `qa`: the share of test and check runs that passed;
 * - `time`: 1 up to the estimate, then estimate / time worked (twice the estimate: 0.5); left out without an estimate;
 * - `regressions`: 1 when checks, merge, deployment and health all passed, 0 when any of them failed;
 * - `quality`: the share of syntax checks, reviews, answers and parts that were accepted; each answer that broke its
 *   contract counts as one that was not;
 * - `attempts`: 1 / attempts.
 */
export function signalsOf(deed: Deed): Partial<Record<Signal, number>> {
  const of = (checks: readonly Evidence['check'][]) => deed.evidence.filter((one) => checks.includes(one.check));
  const passed = (evidence: readonly Pick<Evidence, 'ok'>[]) => evidence.filter((one) => one.ok).length;
  const qa = of(tested);
  const kept = of(unbroken);
  const made = of(judged);
  const broken = deed.failures.filter((failure) => failure.kind === 'contract').length;

  const found: Partial<Record<Signal, number>> = {};
  if (qa.length > 0) found.qa = passed(qa) / qa.length;
  if (deed.estimateMs > 0) found.time = Math.min(1, deed.estimateMs / Math.max(1, deed.workingMs));
  if (kept.length > 0) found.regressions = passed(kept) === kept.length ? 1 : 0;
  if (made.length + broken > 0) found.quality = passed(made) / (made.length + broken);
  found.attempts = 1 / Math.max(1, deed.attempts);
  return found;
}

export type LedgerRow = {
  readonly signal: Signal;
  /** 0 to 1. */
  readonly value: number;
  /** As the policy says. */
  readonly weight: number;
  /** The weight that counted: what missing signals leave is spread over the others, in proportion. Shares sum to 1. */
  readonly share: number;
};

export type Score = {
  /** 0 to 100, one decimal. */
  readonly score: number;
  /** In the order of `signals`, those that had evidence. */
  readonly ledger: readonly LedgerRow[];
  readonly missing: readonly Signal[];
};

/**
 * Score = 100 x sum(value x share). Values are cut to 0..1; one that is no number counts as missing. Without any evidence
 * that the policy weighs, the score is 0: nothing was shown.
 */
export function scoreOf(policy: RewardPolicy, found: Partial<Record<Signal, number>>): Score {
  const present: { signal: Signal; value: number; weight: number }[] = [];
  const missing: Signal[] = [];
  for (const signal of signals) {
    const value = found[signal];
    if (value === undefined || Number.isNaN(value)) missing.push(signal);
    else present.push({ signal, value: Math.min(1, Math.max(0, value)), weight: policy.weights[signal] });
  }
  const weighed = present.reduce((sum, row) => sum + row.weight, 0);
  const ledger = present.map((row) => ({ ...row, share: weighed === 0 ? 0 : row.weight / weighed }));
  const sum = ledger.reduce((total, row) => total + row.value * row.share, 0);
  return { score: Math.round(sum * 1000) / 10, ledger, missing };
}

export type RewardBand = RewardPolicy['bands'][number];

/**
 * The band a score falls into: the highest whose `from` it reaches.
 * Throws RangeError for a policy whose bands do not reach down to the score.
 */
export function bandOf(policy: RewardPolicy, score: number): RewardBand {
  const band = policy.bands.find((one) => score >= one.from);
  if (!band) throw new RangeError(`no band takes a score of ${score}`);
  return band;
}

/** The signal that cost the most points; undefined when nothing did. */
export function weakestOf(ledger: readonly LedgerRow[]): LedgerRow | undefined {
  let weakest: LedgerRow | undefined;
  const lost = (row: LedgerRow) => (1 - row.value) * row.share;
  for (const row of ledger) if (lost(row) > (weakest ? lost(weakest) : 0)) weakest = row;
  return weakest;
}
