// The company brain: what the company knows of itself, folded from `brain.*` by every process. An @xstate/store, so that
// reads cost nothing and anyone may subscribe.

import { createStore } from '@xstate/store';
import type { DataOf, Message } from '../../bus/messages.ts';

export type CompanyState = {
  readonly mission: string | undefined;
  readonly product: DataOf<'brain.product'> | undefined;
  readonly goals: Readonly<Record<string, DataOf<'brain.goal'> & { readonly status: 'open' | 'achieved' }>>;
  readonly features: readonly DataOf<'brain.feature'>[];
  readonly bugs: Readonly<Record<string, DataOf<'brain.bug'>>>;
  readonly feedback: readonly DataOf<'brain.feedback'>[];
  readonly blockers: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly deployments: readonly DataOf<'brain.deployment'>[];
  readonly milestones: Readonly<Record<string, string>>;
  /** The last sequence folded in. */
  readonly seq: number;
};

export const emptyCompany: CompanyState = {
  mission: undefined,
  product: undefined,
  goals: {},
  features: [],
  bugs: {},
  feedback: [],
  blockers: {},
  metrics: {},
  deployments: [],
  milestones: {},
  seq: 0,
};

/** How much feedback and how many deployments the brain keeps at hand; the stream has them all. */
const KEPT = 50;

/** Folds one message in; messages that are not the brain's leave it as it is. Pure. */
export function foldCompany(state: CompanyState, message: Message, seq: number): CompanyState {
  const next = { ...state, seq };
  switch (message.type) {
    case 'brain.mission':
      return { ...next, mission: message.data.text };
    case 'brain.product':
      return { ...next, product: message.data };
    case 'brain.goal':
      return { ...next, goals: { ...state.goals, [message.data.id]: { ...message.data, status: 'open' } } };
    case 'brain.directive':
      return { ...next, goals: achieved(state.goals, message.data.achieved) };
    case 'brain.feature':
      return { ...next, features: [...state.features, message.data] };
    case 'brain.bug':
      return { ...next, bugs: { ...state.bugs, [message.data.id]: message.data } };
    case 'brain.feedback':
      return { ...next, feedback: [...state.feedback, message.data].slice(-KEPT) };
    case 'brain.blocker': {
      const { [message.data.task]: _, ...others } = state.blockers;
      return {
        ...next,
        blockers: message.data.status === 'raised' ? { ...others, [message.data.task]: message.data.reason } : others,
      };
    }
    case 'brain.metric':
      return { ...next, metrics: { ...state.metrics, [message.data.name]: message.data.value } };
    case 'brain.deployment':
      return { ...next, deployments: [...state.deployments, message.data].slice(-KEPT) };
    case 'brain.milestone':
      return { ...next, milestones: { ...state.milestones, [message.data.name]: message.data.text } };
    default:
      return state;
  }
}

function achieved(goals: CompanyState['goals'], ids: readonly string[]): CompanyState['goals'] {
  const done = ids.flatMap((id) => {
    const goal = goals[id];
    return goal ? [[id, { ...goal, status: 'achieved' as const }] as const] : [];
  });
  return { ...goals, ...Object.fromEntries(done) };
}

/** A live copy of the brain; feed it every `brain.>` message in order. */
export function createCompanyBrain() {
  return createStore({
    context: emptyCompany,
    on: {
      told: (state, event: { message: Message; seq: number }) => foldCompany(state, event.message, event.seq),
    },
  });
}

export type CompanyBrain = { get(): CompanyState };
