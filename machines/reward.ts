// What the company makes of a finished task: its score, the band the score falls into, and what the agent is told
// (praise, a hint, a correction, a recovery note with a lesson). The bands are data; each one becomes a state.
//
// Invariants:
//   R1. Pure: SCORE comes in, `remember` and `learn` go out; the host writes the memory and asks the knowledge base.
//   R2. One SCORE ends in exactly one band; the bands cover 0 to 100.
//   R3. Every band but the first tells the agent what to do better; `recover` also asks for a lesson.

import { assign, emit, setup } from 'xstate';
import type { Signal } from '../bus/scores.ts';
import type { Effect, RewardPolicy } from './policy.ts';
import { bandOf, type Score, scoreOf, weakestOf } from './score.ts';

/** A finished task, as the reward engine sees it. */
export type Finished = {
  readonly task: string;
  readonly title: string;
  readonly signals: Partial<Record<Signal, number>>;
  /** The last failure on the way, when there was one. */
  readonly error: string | undefined;
};

export type RewardEvent =
  | { readonly type: 'SCORE'; readonly finished: Finished }
  /** The knowledge base has answered: what to keep from it. */
  | { readonly type: 'LEARNED'; readonly text: string }
  /** Everything asked for is done, or was tried in vain. */
  | { readonly type: 'APPLIED' };

export type RewardCommand =
  | {
      readonly type: 'remember';
      readonly list: 'rewards' | 'corrections' | 'patterns';
      readonly task: string;
      readonly score: number;
      readonly band: string;
      readonly text: string;
    }
  /** Look it up, then LEARNED. */
  | { readonly type: 'learn'; readonly task: string; readonly question: string };

/** A score and what it came to. */
export type Verdict = Score & { readonly band: string; readonly effect: Effect };

type Context = { readonly finished: Finished | undefined; readonly verdict: Verdict | undefined };

/** What to do about a weak signal, for the notes. */
const advice: Readonly<Record<Signal, string>> = {
  qa: 'run the tests before handing in, and read the first failure to its end',
  time: 'split the work or estimate higher before starting',
  regressions: 'run the whole test suite, not only the new tests, before handing in',
  quality: 'check the syntax and the shape of the answer before handing in',
  attempts: 'read the acceptance criteria and earlier corrections before the first attempt',
};

const named: Readonly<Record<Signal, string>> = {
  qa: 'tests passed',
  time: 'time against the estimate',
  regressions: 'nothing broken',
  quality: 'quality',
  attempts: 'few attempts',
};

/** Score, band and effect of a finished task. */
export function judge(policy: RewardPolicy, finished: Finished): Verdict {
  const score = scoreOf(policy, finished.signals);
  const { name, effect } = bandOf(policy, score.score);
  return { band: name, effect, ...score };
}

/** What the agent is told: names the task, the score and the weakest signal; a recovery also the error and a lesson. */
export function noteOf(finished: Finished, verdict: Verdict): string {
  const weakest = weakestOf(verdict.ledger);
  const scored = `${finished.task} "${finished.title}" scored ${verdict.score} (${verdict.band})`;
  const weak = weakest ? `weakest: ${named[weakest.signal]}, ${Math.round(weakest.value * 100)}%` : 'no weak signal';
  const hint = weakest ? advice[weakest.signal] : 'keep it up';
  switch (verdict.effect) {
    case 'praise':
      return `Well done: ${scored}; ${weak}. Work like this again.`;
    case 'optimise':
      return `Good: ${scored}; ${weak}. To do better still: ${hint}.`;
    case 'correct':
      return `Review this: ${scored}; ${weak}. Consider another way: ${hint}.`;
    case 'recover':
      return `Recover: ${scored}; ${weak}. Error: ${finished.error ?? 'none recorded'}. Lesson: ${hint}.`;
  }
}

/** What to ask the knowledge base after a poor result. */
export function questionOf(finished: Finished, verdict: Verdict): string {
  const weakest = weakestOf(verdict.ledger);
  const about = finished.error ?? (weakest ? advice[weakest.signal] : 'what went wrong');
  return `How is "${finished.title}" done well? It went wrong: ${about}`;
}

const listOf: Readonly<Record<Effect, 'rewards' | 'corrections'>> = {
  praise: 'rewards',
  optimise: 'rewards',
  correct: 'corrections',
  recover: 'corrections',
};

const told: Readonly<Record<Effect, string>> = {
  praise: 'Praise, kept and used in later briefs.',
  optimise: 'A good word with a hint what to optimise.',
  correct: 'A correction: review, consider alternatives.',
  recover: 'A recovery note with the error and a lesson; the knowledge base is asked.',
};

/** The chart of the reward engine under a policy: one state for each of its bands. */
export function buildRewardMachine(policy: RewardPolicy) {
  const machine = setup({
    types: { context: {} as Context, events: {} as RewardEvent, emitted: {} as RewardCommand },
    guards: {
      inBand: ({ context }, params: { band: string }) => context.verdict?.band === params.band,
    },
    actions: {
      judge: assign(({ event }) =>
        event.type === 'SCORE' ? { finished: event.finished, verdict: judge(policy, event.finished) } : {},
      ),
      remember: emit(({ context }) => rememberOf(context, undefined)),
      keepLesson: emit(({ context, event }) => rememberOf(context, event.type === 'LEARNED' ? event.text : '')),
      learn: emit(({ context }) => {
        const { finished, verdict } = held(context);
        return { type: 'learn' as const, task: finished.task, question: questionOf(finished, verdict) };
      }),
    },
  });

  // Found by id, not by path: the name of a band is anybody's text.
  const idOf = (index: number) => `band-${index + 1}`;
  const bandState = (index: number, effect: Effect) => ({
    id: idOf(index),
    description: told[effect],
    entry: effect === 'recover' ? (['remember', 'learn'] as const) : (['remember'] as const),
    on: {
      ...(effect === 'recover' && { LEARNED: { actions: 'keepLesson' as const } }),
      APPLIED: '#reward.applied',
    },
  });
  const bandStates: Record<string, ReturnType<typeof bandState>> = {};
  for (const [index, { name, effect }] of policy.bands.entries()) bandStates[name] = bandState(index, effect);

  return machine.createMachine({
    id: 'reward',
    context: { finished: undefined, verdict: undefined },
    initial: 'idle',
    states: {
      idle: { description: 'Nothing scored yet.', on: { SCORE: { target: 'scoring', actions: 'judge' } } },
      scoring: {
        description: 'The score decides the band.',
        always: policy.bands.map(({ name }, index) => ({
          guard: { type: 'inBand' as const, params: { band: name } },
          target: `#${idOf(index)}`,
        })),
      },
      banded: {
        description: 'One state for each band of the policy.',
        // Never entered by itself: scoring names the band.
        initial: policy.bands[0]?.name ?? '',
        states: bandStates,
      },
      applied: {
        description: 'The agent has been told; the next score may come.',
        on: { SCORE: { target: 'scoring', actions: 'judge' } },
      },
    },
  });
}

export type RewardMachine = ReturnType<typeof buildRewardMachine>;

function held(context: Context): { finished: Finished; verdict: Verdict } {
  const { finished, verdict } = context;
  if (!finished || !verdict) throw new Error('nothing has been scored');
  return { finished, verdict };
}

/** The note about the score, or what was learned after it. */
function rememberOf(context: Context, lesson: string | undefined): Extract<RewardCommand, { type: 'remember' }> {
  const { finished, verdict } = held(context);
  return {
    type: 'remember',
    list: lesson === undefined ? listOf[verdict.effect] : 'patterns',
    task: finished.task,
    score: verdict.score,
    band: verdict.band,
    text: lesson ?? noteOf(finished, verdict),
  };
}
