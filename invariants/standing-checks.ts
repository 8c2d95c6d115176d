// I29: a standing is what the scores on the stream come to. The sums are done once more here, apart from the chart of a
// standing (machines/standing.ts): one that counts wrongly must not be its own judge.

import type { Standing, StandingName } from '../bus/learned.ts';
import { type Score, withScore } from '../bus/memories.ts';
import type { Check, Judge } from './judge.ts';
import type { StandingRules } from './rules.ts';

type Sums = Pick<Standing, 'samples' | 'mean' | 'low' | 'high'>;

/** Recorded means have one decimal. */
const ROUNDING = 0.11;

/**
 * Two-sided quantile of the normal distribution, by halving the interval of the distribution function
 * (Abramowitz and Stegun 7.1.26, error below 1.5e-7).
 */
function quantile(confidence: number): number {
  const inside = (z: number) => {
    const x = z / Math.SQRT2;
    const t = 1 / (1 + 0.3275911 * x);
    const series = 0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)));
    return 1 - t * series * Math.exp(-x * x);
  };
  let [low, high] = [0, 10];
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2;
    if (inside(middle) < confidence) low = middle;
    else high = middle;
  }
  return low;
}

const quantiles = new Map<number, number>();

function sumsOf(rules: StandingRules, samples: readonly Score[], now: number): Sums {
  if (samples.length === 0) return { samples: 0, mean: 0, low: 0, high: 100 };
  const z = quantiles.get(rules.confidence) ?? quantile(rules.confidence);
  quantiles.set(rules.confidence, z);
  let [weight, squares, sum] = [0, 0, 0];
  const weights = samples.map(({ at }) => 0.5 ** (Math.max(0, now - at) / rules.halfLifeMs));
  for (const [index, one] of weights.entries()) {
    weight += one;
    squares += one * one;
    sum += one * (samples[index]?.score ?? 0);
  }
  const mean = sum / weight;
  let variance = 0;
  for (const [index, one] of weights.entries()) variance += (one * ((samples[index]?.score ?? 0) - mean) ** 2) / weight;
  const margin = z * Math.max(rules.spread, Math.sqrt(variance)) * (Math.sqrt(squares) / weight);
  return { samples: samples.length, mean, low: Math.max(0, mean - margin), high: Math.min(100, mean + margin) };
}

/** What each step needs; a step that is not here is two. */
const steps: Readonly<Record<string, (rules: StandingRules, sums: Sums) => boolean>> = {
  'probation trusted': ({ trusted }, { samples, low }) => samples >= trusted.tasks && low >= trusted.from - ROUNDING,
  'trusted lead': ({ lead }, { samples, low }) => samples >= lead.tasks && low >= lead.from - ROUNDING,
  'lead trusted': ({ lead }, { high }) => high < lead.from + ROUNDING,
  'trusted probation': ({ probation }, { samples, high }) =>
    samples >= probation.tasks && high < probation.below + ROUNDING,
  'probation benched': ({ benched }, { samples, high }) => samples >= benched.tasks && high < benched.below + ROUNDING,
};

const near = (one: number, other: number) => Math.abs(one - other) <= ROUNDING;

function fits(rules: StandingRules, said: Standing, samples: readonly Score[]): string | undefined {
  const counted = samples.slice(-rules.window);
  const { evidence } = said;
  if (counted.length !== evidence.length || counted.some(({ cause }, index) => cause !== evidence[index])) {
    return `it counts ${evidence.join(', ')} and not ${counted.map(({ cause }) => cause).join(', ')}`;
  }
  const sums = sumsOf(rules, counted, said.since);
  const same = near(sums.mean, said.mean) && near(sums.low, said.low) && near(sums.high, said.high);
  if (!same || sums.samples !== said.samples) {
    const { mean, low, high } = sums;
    return `its scores come to ${mean.toFixed(1)}, between ${low.toFixed(1)} and ${high.toFixed(1)}`;
  }
  const step = steps[`${said.before} ${said.standing}`];
  if (!step) return 'that is no single step';
  return step(rules, sums) ? undefined : 'no threshold is crossed';
}

type Stood = { readonly is: Standing; readonly id: string };

/** Back from the bench when the time is over; the evidence is the message that put it there. */
function returned(said: Standing, last: Stood | undefined): string | undefined {
  if (last === undefined || said.standing !== 'probation') return 'nobody leaves the bench but for probation';
  if (said.since < (last.is.until ?? Number.POSITIVE_INFINITY)) return 'its time is not over';
  return said.evidence.length === 1 && said.evidence[0] === last.id ? undefined : 'it does not name how it came there';
}

export function standingChecks(): readonly Check[] {
  const standings = new Map<string, Stood>();
  const scores = new Map<string, readonly Score[]>();
  /** When an agent last came back from the bench: what it did before does not count any more. */
  const returns = new Map<string, number>();
  /** A process may decide by the chart in force while another one is being said. */
  let inForce: readonly StandingRules[] = [];

  function judgeMove(said: Standing, cause: string | undefined, judge: Judge, ids: ReadonlySet<string>): void {
    const { agent, standing, before, evidence } = said;
    const last = standings.get(agent);
    const words = `${agent} goes from ${before} to ${standing}`;
    const lost = evidence.find((one) => !ids.has(one));
    judge('I29', lost === undefined, () => `${words} for ${lost}, which is not there`);
    const stood: readonly (StandingName | string)[] = last ? [last.is.standing] : inForce.map(({ start }) => start);
    judge('I29', stood.includes(before), () => `${words}, and was ${stood.join(' or ')}`);
    if (lost !== undefined || !stood.includes(before)) return;
    if (before === 'benched') {
      const wrong = returned(said, last);
      judge('I29', wrong === undefined, () => `${words}: ${wrong}`);
      return;
    }
    const own = scores.get(agent) ?? [];
    // Scores that came after the one that it was judged by do not count yet.
    const until = own.findIndex((one) => one.cause === cause);
    const since = returns.get(agent) ?? 0;
    const samples = own.slice(0, until + 1).filter(({ at }) => at >= since);
    const wrongs = inForce.map((rules) => fits(rules, said, samples));
    judge('I29', wrongs.includes(undefined), () => `${words}: ${wrongs[0]}`);
  }

  return [
    {
      types: ['agent.remembered', 'standing.changed'],
      look({ stored: { message }, ledger, rules, judge }) {
        if (message.type === 'agent.remembered') {
          scores.set(message.data.agent, withScore(scores.get(message.data.agent) ?? [], message.data));
          return;
        }
        if (message.type !== 'standing.changed') return;
        const { standing } = rules;
        if (standing !== undefined) {
          if (inForce[0] !== standing) inForce = [standing, ...inForce].slice(0, 2);
          judgeMove(message.data, message.causationid, judge, ledger.ids);
        }
        const { agent, before, since } = message.data;
        if (before === 'benched') returns.set(agent, since);
        standings.set(agent, { is: message.data, id: message.id });
      },
    },
  ];
}
