// How far an agent is trusted. Its scores, the newer the heavier, make a mean with an interval of confidence; only an
// interval that lies wholly on one side of a threshold moves anybody, so a few tasks never decide.
//
// Invariants:
//   P1. Pure: JUDGED and RETURNED come in, `stand` goes out; the host records it.
//   P2. One JUDGED moves at most one step: trusted falls to probation before it is benched, and rises to trusted before lead.
//   P3. Nobody is benched by fewer tasks than the policy says, nor while the upper bound reaches the threshold.
//   P4. Whoever comes back from the bench is on probation, and only what was done since then counts.

import { assign, emit, setup } from 'xstate';
import type { StandingName, StandingPolicy } from './policy.ts';

/** One scored task. */
export type Sample = { readonly task: string; readonly score: number; readonly at: number; readonly cause: string };

/** What an agent's scores come to. Points, 0 to 100. */
export type Track = {
  readonly samples: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
};

/** Two-sided quantile of the normal distribution (Abramowitz and Stegun 26.2.23, error below 4.5e-4). */
function quantile(confidence: number): number {
  const tail = (1 - confidence) / 2;
  const t = Math.sqrt(-2 * Math.log(tail));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}

const tenths = (value: number) => Math.round(value * 10) / 10;

/**
 * The mean of an agent's scores with its interval. A score weighs half as much after each half-life; the interval is that of
 * the weighted mean with the effective number of samples.
 * @param now epoch ms
 */
export function recordOf(policy: StandingPolicy, samples: readonly Sample[], now: number): Track {
  const counted = samples.slice(-policy.window);
  if (counted.length === 0) return { samples: 0, mean: 0, low: 0, high: 100 };
  const weighed = counted.map(({ score, at }) => ({
    score,
    weight: 0.5 ** (Math.max(0, now - at) / policy.halfLifeMs),
  }));
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const squares = weighed.reduce((sum, { weight }) => sum + weight * weight, 0);
  const mean = weighed.reduce((sum, { score, weight }) => sum + score * weight, 0) / total;
  const variance = weighed.reduce((sum, { score, weight }) => sum + weight * (score - mean) ** 2, 0) / total;
  const effective = (total * total) / squares;
  const deviation = Math.max(policy.spread, Math.sqrt(variance));
  const margin = (quantile(policy.confidence) * deviation) / Math.sqrt(effective);
  return {
    samples: counted.length,
    mean: tenths(mean),
    low: tenths(Math.max(0, mean - margin)),
    high: tenths(Math.min(100, mean + margin)),
  };
}

export type StandingEvent =
  /** Another task was scored, or time has passed. */
  | { readonly type: 'JUDGED'; readonly record: Track }
  /** The time on the bench is over. */
  | { readonly type: 'RETURNED' };

export type StandingCommand = { readonly type: 'stand'; readonly standing: StandingName; readonly why: string };

type Context = { readonly record: Track | undefined };

const inWords = ({ samples, mean, low, high }: Track) => `${samples} tasks, mean ${mean}, between ${low} and ${high}`;

function whyOf({ record }: Context, rule: string): string {
  return record === undefined ? rule : `${inWords(record)}: ${rule}`;
}

/**
 * The chart of an agent's standing.
 * @param at where it starts: the standing that was recorded last
 */
export function buildStandingMachine(policy: StandingPolicy, at: StandingName = policy.start) {
  const { trusted, lead, probation, benched } = policy;
  const rises = (record: Track, to: { from: number; tasks: number }) =>
    record.samples >= to.tasks && record.low >= to.from;
  const falls = (record: Track, to: { below: number; tasks: number }) =>
    record.samples >= to.tasks && record.high < to.below;
  const machine = setup({
    types: { context: {} as Context, events: {} as StandingEvent, emitted: {} as StandingCommand },
    guards: {
      earnsTrust: ({ event }) => event.type === 'JUDGED' && rises(event.record, trusted),
      earnsLead: ({ event }) => event.type === 'JUDGED' && rises(event.record, lead),
      losesLead: ({ event }) => event.type === 'JUDGED' && event.record.high < lead.from,
      losesTrust: ({ event }) => event.type === 'JUDGED' && falls(event.record, probation),
      mustRest: ({ event }) => event.type === 'JUDGED' && falls(event.record, benched),
    },
    actions: {
      note: assign(({ event }) => (event.type === 'JUDGED' ? { record: event.record } : {})),
      trust: emit(({ context }) => stand('trusted', whyOf(context, `at least ${trusted.from} is trusted`))),
      distrust: emit(({ context }) => stand('trusted', whyOf(context, `under ${lead.from} is no lead any more`))),
      lead: emit(({ context }) => stand('lead', whyOf(context, `at least ${lead.from} is a lead`))),
      warn: emit(({ context }) => stand('probation', whyOf(context, `under ${probation.below} is probation`))),
      bench: emit(({ context }) => stand('benched', whyOf(context, `under ${benched.below} is the bench`))),
      returned: emit(() => stand('probation', 'back from the bench')),
    },
  });
  return machine.createMachine({
    id: 'standing',
    context: { record: undefined },
    initial: at,
    states: {
      probation: {
        description: 'Asked last, reviewed twice.',
        on: {
          JUDGED: [
            { guard: 'mustRest', target: 'benched', actions: ['note', 'bench'] },
            { guard: 'earnsTrust', target: 'trusted', actions: ['note', 'trust'] },
          ],
        },
      },
      trusted: {
        description: 'The usual.',
        on: {
          JUDGED: [
            { guard: 'losesTrust', target: 'probation', actions: ['note', 'warn'] },
            { guard: 'earnsLead', target: 'lead', actions: ['note', 'lead'] },
          ],
        },
      },
      lead: {
        description: 'Asked first, reviewed lightly.',
        on: { JUDGED: { guard: 'losesLead', target: 'trusted', actions: ['note', 'distrust'] } },
      },
      benched: {
        description: 'Gets no work while anybody else of its role is there.',
        on: { RETURNED: { target: 'probation', actions: 'returned' } },
      },
    },
  });
}

function stand(standing: StandingName, why: string): StandingCommand {
  return { type: 'stand', standing, why };
}
