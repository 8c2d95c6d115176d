// Policies as org.yaml writes them, and what holds where it says nothing.

import type { AgentPolicy, RewardPolicy } from '../machines/policy.ts';
import { parseDuration } from './duration.ts';
import type { OrgFile, RetryFile } from './schema.ts';

const HOUR_MS = 3_600_000;

/** Longer than any answer or test run that is meant; a step that hangs costs an agent half an hour. */
const STEP_MS = HOUR_MS / 2;

const defaultPolicy: AgentPolicy = {
  ladder: ['standard', 'recall', 'consult', 'decompose', 'escalate'],
  backoff: { firstMs: 15_000, factor: 2, maxMs: 120_000 },
  waits: 3,
  depth: 2,
  stepMs: STEP_MS,
  lineage: { attempts: 15, cost: 50, ms: 72 * HOUR_MS },
};

const defaultReward: RewardPolicy = {
  weights: { qa: 0.3, time: 0.2, regressions: 0.2, quality: 0.15, attempts: 0.15 },
  bands: [
    { name: 'elite', from: 90, effect: 'praise' },
    { name: 'good', from: 75, effect: 'optimise' },
    { name: 'acceptable', from: 50, effect: 'correct' },
    { name: 'poor', from: 0, effect: 'recover' },
  ],
};

/** The policy of a role: its own words, then the company's, then the defaults. */
export function policyOf(...retries: readonly (RetryFile | undefined)[]): AgentPolicy {
  return retries.reduceRight<AgentPolicy>(
    (base, retry) => (retry === undefined ? base : over(base, retry)),
    defaultPolicy,
  );
}

function over(base: AgentPolicy, { ladder, backoff, waits, depth, step, lineage }: RetryFile): AgentPolicy {
  const ms = (text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
  return {
    ladder: ladder ?? base.ladder,
    backoff: {
      firstMs: ms(backoff?.first, base.backoff.firstMs),
      factor: backoff?.factor ?? base.backoff.factor,
      maxMs: ms(backoff?.max, base.backoff.maxMs),
    },
    waits: waits ?? base.waits,
    depth: depth ?? base.depth,
    stepMs: ms(step, base.stepMs),
    lineage: {
      attempts: lineage?.attempts ?? base.lineage.attempts,
      cost: lineage?.cost ?? base.lineage.cost,
      ms: lineage?.hours === undefined ? base.lineage.ms : lineage.hours * HOUR_MS,
    },
  };
}

/** The reward policy of a company, its bands highest first. */
export function rewardOf(reward: OrgFile['reward']): RewardPolicy {
  const { weights = defaultReward.weights, bands } = reward ?? {};
  if (bands === undefined) return { weights, bands: defaultReward.bands };
  return {
    weights,
    bands: Object.entries(bands)
      .map(([name, { from, effect }]) => ({ name, from, effect }))
      .sort((one, other) => other.from - one.from),
  };
}
