// The company as a whole: whether it takes work. The supervisor (actors/) does what is asked and answers; people switch it
// from outside.
//
// Invariants:
//   M1. Pure: events in, commands out.
//   M2. Work is taken only in `running`.
//   M3. `stopped` is entered with the consumers closed and the children ended, whatever went before.
//   M4. The first DRAIN lets what is in hand finish; the second, or STOP, ends it at once.

import { assign, emit, setup } from 'xstate';

export type CompanyState = 'starting' | 'running' | 'paused' | 'draining' | 'stopped';

/** Who switched, and why; both are announced. */
type Switch = { readonly by: string; readonly reason: string };

export type CompanyEvent =
  | ({ readonly type: 'START' } & Switch)
  /** The consumers are open. */
  | { readonly type: 'STARTED' }
  | ({ readonly type: 'PAUSE' } & Switch)
  | ({ readonly type: 'RESUME' } & Switch)
  | ({ readonly type: 'DRAIN' } & Switch)
  /** Nothing is in hand any more, and the consumers are closed. */
  | { readonly type: 'DRAINED' }
  /** The company cannot go on: no stream, an invalid org chart, agents that crash again and again. */
  | { readonly type: 'FAILED'; readonly reason: string }
  | ({ readonly type: 'STOP' } & Switch);

export type CompanyCommand =
  /** Open the consumers of every role and start the schedules, taking nothing yet; then STARTED or FAILED. */
  | { readonly type: 'openConsumers' }
  /** From now on deliveries and ticks are taken. */
  | { readonly type: 'takeWork' }
  /** From now on none are; what is in hand goes on. */
  | { readonly type: 'takeNothingNew' }
  /** Wait for what is in hand and let go of the consumers; then DRAINED. */
  | { readonly type: 'finishWork' }
  /** Let go of the consumers now; what is in hand comes back to whoever runs next. */
  | { readonly type: 'closeConsumers' }
  /** End every child process. */
  | { readonly type: 'endChildren' }
  | {
      readonly type: 'announce';
      readonly state: CompanyState;
      readonly by: string;
      readonly reason: string;
    };

type Context = Switch & {
  /** Paused while it was starting: it opens, and takes nothing. */
  readonly held: boolean;
};

/** The chart of a company. */
export function buildCompanyMachine() {
  const machine = setup({
    types: { context: {} as Context, events: {} as CompanyEvent, emitted: {} as CompanyCommand },
    guards: { held: ({ context }) => context.held },
    actions: {
      note: assign(({ event }) => {
        if (event.type === 'FAILED') return { by: 'supervisor', reason: event.reason };
        return 'by' in event ? { by: event.by, reason: event.reason } : {};
      }),
      hold: assign({ held: true }),
      release: assign({ held: false }),
      openConsumers: emit({ type: 'openConsumers' }),
      takeWork: emit({ type: 'takeWork' }),
      takeNothingNew: emit({ type: 'takeNothingNew' }),
      finishWork: emit({ type: 'finishWork' }),
      closeConsumers: emit({ type: 'closeConsumers' }),
      endChildren: emit({ type: 'endChildren' }),
      announce: emit(({ context }, { state }: { state: CompanyState }) => {
        const { by, reason } = context;
        return { type: 'announce' as const, state, by, reason };
      }),
    },
  });

  const announce = <S extends CompanyState>(state: S) => ({ type: 'announce' as const, params: { state } });
  const stopNow = {
    target: 'stopped',
    actions: ['note', 'takeNothingNew', 'closeConsumers', 'endChildren', announce('stopped')] as const,
  };

  return machine.createMachine({
    id: 'company',
    context: { held: false, by: '', reason: '' },
    initial: 'stopped',
    states: {
      stopped: {
        description: 'Nothing runs here.',
        on: { START: { target: 'starting', actions: ['note', 'release'] } },
      },
      starting: {
        description: 'The consumers are being opened.',
        entry: [announce('starting'), 'openConsumers'],
        on: {
          STARTED: [{ guard: 'held', target: 'paused' }, { target: 'running' }],
          PAUSE: { actions: ['note', 'hold'] },
          RESUME: { actions: ['note', 'release'] },
          DRAIN: { target: 'draining', actions: 'note' },
          FAILED: stopNow,
          STOP: stopNow,
        },
      },
      running: {
        description: 'Work is taken.',
        entry: ['takeWork', announce('running')],
        on: {
          PAUSE: { target: 'paused', actions: 'note' },
          DRAIN: { target: 'draining', actions: 'note' },
          FAILED: stopNow,
          STOP: stopNow,
        },
      },
      paused: {
        description: 'What is in hand goes on; nothing new is taken.',
        entry: ['takeNothingNew', announce('paused')],
        on: {
          RESUME: { target: 'running', actions: 'note' },
          DRAIN: { target: 'draining', actions: 'note' },
          FAILED: stopNow,
          STOP: stopNow,
        },
      },
      draining: {
        description: 'What is in hand is finished, then it stops. A second DRAIN stops at once.',
        entry: ['takeNothingNew', announce('draining'), 'finishWork'],
        on: {
          DRAINED: { target: 'stopped', actions: ['endChildren', announce('stopped')] },
          DRAIN: stopNow,
          FAILED: stopNow,
          STOP: stopNow,
        },
      },
    },
  });
}
