// How well a task was done, as pure functions: what the stream shows of it -> signals -> score -> band. machines/reward.ts
// decides what follows from the band. Nothing here is the worker's word: runs, findings and verdicts are the harness's or
// another agent's.

import type { ScoreLedger, Signal } from '../bus/scores.ts';
import { type RewardPolicy, signals } from './policy.ts';

/** One thing that was established, and the message that says so. */
export type Shown = { readonly id: string; readonly what: string };

/** A run of tests or checks. */
export type Run = Shown & { readonly ok: boolean };

/** A judgement about how the work is made: 1 = nothing to object to. */
export type Judgement = Shown & { readonly value: number };

/** Tests that passed in a run of the product's whole suite. */
export type Suite = Shown & { readonly ok: boolean; readonly passed: number | undefined };

/** What is known of a finished task. */
export type Deed = {
  readonly runs: readonly Run[];
  readonly estimateMs: number;
  /** Time somebody worked on it, ms; waiting for others is none. */
  readonly workingMs: number;
  /** The suite on the default branch before the merge and with it; the first merge has none before. */
  readonly suite: { readonly before: Suite | undefined; readonly after: Suite } | undefined;
  /** Other evidence that what worked still works: a deployment, health checks. */
  readonly kept: readonly Run[];
  readonly judgements: readonly Judgement[];
  /** What should have judged it and could not, and why; the others count for more. */
  readonly unjudged?: readonly string[];
  /** Every failed attempt of its lineage so far, its own and those above and below it. */
  readonly failed: readonly Shown[];
  /** The message that ended it: the time worked is on it. */
  readonly ended: Shown;
};

/** What one signal came to. */
export type Found = { readonly value: number; readonly why: string; readonly evidence: readonly string[] };

const idsOf = (shown: readonly Shown[]) => shown.map(({ id }) => id);
const minutes = (ms: number) => `${Math.round(ms / 6_000) / 10} min`;

function qaOf({ runs }: Deed): Found | string {
  if (runs.length === 0) return 'no tests or checks were run';
  const passed = runs.filter(({ ok }) => ok).length;
  const why = `${passed} of ${runs.length} runs of tests and checks passed`;
  return { value: passed / runs.length, why, evidence: idsOf(runs) };
}

function timeOf({ estimateMs, workingMs, ended }: Deed): Found | string {
  if (estimateMs <= 0) return 'nobody estimated it';
  const value = Math.min(1, estimateMs / Math.max(1, workingMs));
  return { value, why: `${minutes(workingMs)} of work, ${minutes(estimateMs)} expected`, evidence: [ended.id] };
}

function regressionsOf({ suite, kept }: Deed): Found | string {
  if (suite === undefined && kept.length === 0) return 'no suite was run, and nothing was deployed';
  const broken = kept.filter(({ ok }) => !ok);
  if (broken.length > 0) return { value: 0, why: broken.map(({ what }) => what).join('; '), evidence: idsOf(broken) };
  if (suite === undefined) return { value: 1, why: kept.map(({ what }) => what).join('; '), evidence: idsOf(kept) };
  const { before, after } = suite;
  const evidence = idsOf([...(before === undefined ? [] : [before]), after, ...kept]);
  if (!after.ok) return { value: 0, why: `the suite fails with it: ${after.what}`, evidence };
  if (before?.passed === undefined || after.passed === undefined || before.passed === 0) {
    return { value: 1, why: `the suite passes with it: ${after.what}`, evidence };
  }
  // Tests that are gone kept nothing from breaking.
  const why = `${before.passed} tests passed before, ${after.passed} with it`;
  return { value: Math.min(1, after.passed / before.passed), why, evidence };
}

function qualityOf({ judgements, unjudged = [] }: Deed): Found | string {
  if (judgements.length === 0) return ['nothing judged how it is made', ...unjudged].join('; ');
  const value = judgements.reduce((sum, one) => sum + one.value, 0) / judgements.length;
  const objections = judgements.filter((one) => one.value < 1);
  const said = objections.length === 0 ? 'nobody objected' : objections.map(({ what }) => what).join('; ');
  const spread = unjudged.map((one) => `; ${one}, so the other judgements count for more`);
  const why = said + spread.join('');
  return { value, why, evidence: idsOf(judgements) };
}

function attemptsOf({ failed, ended }: Deed): Found {
  const attempts = failed.length + 1;
  const why = attempts === 1 ? 'the first attempt' : `${attempts} attempts in its lineage`;
  return { value: 1 / attempts, why, evidence: [...idsOf(failed), ended.id] };
}

/**
 * The signals of a finished task, each 0 to 1, or why there is no evidence for one; it is left out then, not guessed:
 * - `qa`: the share of test and check runs, of all attempts, that passed;
 * - `time`: 1 up to the estimate, then estimate / time worked (twice the estimate: 0.5);
 * - `regressions`: tests of the product's suite that pass with the merge / that passed before, at most 1; 0 when it fails,
 *   or a deployment or a health check did;
 * - `quality`: the mean of the judgements: syntax checks, the product's own linter, reviews, answers that kept their contract;
 * - `attempts`: 1 / (1 + failed attempts of the lineage).
 */
export function signalsOf(deed: Deed): Readonly<Record<Signal, Found | string>> {
  return {
    qa: qaOf(deed),
    time: timeOf(deed),
    regressions: regressionsOf(deed),
    quality: qualityOf(deed),
    attempts: attemptsOf(deed),
  };
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
  const ledger = present.map((row) => ({ share: weighed === 0 ? 0 : row.weight / weighed, ...row }));
  const sum = ledger.reduce((total, row) => total + row.value * row.share, 0);
  return { score: Math.round(sum * 1000) / 10, ledger, missing };
}

const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

/** The score of a task taken apart, as it is recorded with the task: the points of the rows add up to the score. */
export function ledgerOf(policy: RewardPolicy, found: ReturnType<typeof signalsOf>): ScoreLedger {
  const { ledger } = scoreOf(policy, valuesOf(found));
  return {
    rows: ledger.flatMap(({ signal, value, weight, share }) => {
      const one = found[signal];
      if (typeof one === 'string') return [];
      const points = rounded(100 * value * share);
      return [
        {
          signal,
          value: rounded(value),
          weight,
          share: rounded(share),
          points,
          why: one.why,
          evidence: [...one.evidence],
        },
      ];
    }),
    missing: signals.flatMap((signal) => {
      const one = found[signal];
      return typeof one === 'string' ? [{ signal, why: one }] : [];
    }),
  };
}

/** The values of the signals that had evidence. */
export function valuesOf(found: ReturnType<typeof signalsOf>): Partial<Record<Signal, number>> {
  const values: Partial<Record<Signal, number>> = {};
  for (const signal of signals) {
    const one = found[signal];
    if (typeof one !== 'string') values[signal] = one.value;
  }
  return values;
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
