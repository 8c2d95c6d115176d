// One provider of models under one account: whether it can be asked, and when again. Its state is the last message on its
// subject (`provider.<name>`), shared by every process; this chart says what the next one is. Time comes in with the events.
//
// Invariants:
//   P1. Pure: no invoke, no after, no clock. What is to be written is a command, and a wait is an instant in the context.
//   P2. Every change is another turn, and only what was asked in the present turn is heard. So of a thousand calls that meet
//       one outage the first is heard, and a late failure from before it says nothing about the time after it.
//   P3. In `throttled` and `broken` nothing is asked. From the instant on one call is let through (`probing`), and only that
//       call decides. When it says nothing for long, another one is let through, later each time; the first of them that
//       says something decides, so a provider that takes longer than any probe is waited for is still found to work.
//   P4. After the last wait of the policy the circuit is open: probes get rarer, and never end.

import { and, assign, emit, setup, transition } from 'xstate';
import type { ProviderPolicy } from './policy.ts';

export type ProviderState = 'healthy' | 'throttled' | 'broken' | 'probing';

/** What is recorded of a provider. */
export type Standing = {
  readonly state: ProviderState;
  /** Changes so far. */
  readonly turn: number;
  /** Tries in a row that failed. */
  readonly failed: number;
  /** Epoch ms from which one call is let through; undefined while it is healthy. */
  readonly until: number | undefined;
  /** What went wrong last, in words; undefined while it is healthy. */
  readonly reason: string | undefined;
  /** Calls that were let through, one after the other, and have said nothing yet; 0 unless it is probed. */
  readonly probes: number;
};

/** A provider that nobody has heard anything of. */
export const unheard: Standing = {
  state: 'healthy',
  turn: 0,
  failed: 0,
  until: undefined,
  reason: undefined,
  probes: 0,
};

export type ProviderEvent =
  /** Somebody wants to ask it. */
  | { readonly type: 'DUE'; readonly at: number }
  /** A call that was begun in `turn` was answered, well or badly: the provider works. */
  | { readonly type: 'ANSWERED'; readonly turn: number }
  /** A call that was begun in `turn` found it in trouble. */
  | {
      readonly type: 'FAILED';
      readonly turn: number;
      readonly at: number;
      readonly reason: string;
      /** How long it asked to be left alone, ms. */
      readonly waitMs?: number | undefined;
      /** True for what no wait heals by itself: a wrong key, a wrong address. */
      readonly lasting: boolean;
    }
  /** The call that was let through was ended by its own side: somebody else may try. */
  | { readonly type: 'RELEASED'; readonly turn: number; readonly at: number };

/** Write this as the provider's state. */
export type ProviderCommand = { readonly type: 'tell'; readonly standing: Standing };

type Context = Omit<Standing, 'state'>;

/** How long a probe is waited for before another one is let through, ms: twice as long for each before it. */
function patienceOf({ probeMs, longestMs }: ProviderPolicy, before: number): number {
  return Math.min(probeMs * 2 ** before, longestMs);
}

/** How long a provider is left alone after so many failures in a row, ms. */
function waitOf({ waitsMs, probesMs, longestMs }: ProviderPolicy, failed: number, asked = 0): number {
  const open = Math.min(failed - waitsMs.length, probesMs.length);
  const own = open > 0 ? probesMs[open - 1] : waitsMs[failed - 1];
  return Math.max(own ?? longestMs, Math.min(asked, longestMs));
}

export function buildProviderMachine(policy: ProviderPolicy) {
  const most = policy.waitsMs.length;
  const machine = setup({
    types: { context: {} as Context, events: {} as ProviderEvent, emitted: {} as ProviderCommand },
    guards: {
      isDue: ({ context, event }) => event.type === 'DUE' && event.at >= (context.until ?? 0),
      ofThisTurn: ({ context, event }) => event.type !== 'DUE' && event.turn === context.turn,
      // Of the present turn or, while it is probed, of a probe before it.
      isHeard: ({ context, event }) =>
        event.type !== 'DUE' && event.turn <= context.turn && event.turn > context.turn - Math.max(context.probes, 1),
      opensCircuit: ({ context, event }) => event.type === 'FAILED' && (event.lasting || context.failed >= most),
    },
    actions: {
      fail: assign(({ context, event }) => {
        if (event.type !== 'FAILED') return {};
        const { at, reason, waitMs, lasting } = event;
        const failed = Math.max(context.failed, lasting ? most : 0) + 1;
        return { turn: context.turn + 1, failed, until: at + waitOf(policy, failed, waitMs), reason, probes: 0 };
      }),
      probe: assign(({ context, event }) => {
        if (event.type !== 'DUE') return {};
        const { turn, probes } = context;
        return { turn: turn + 1, until: event.at + patienceOf(policy, probes), probes: probes + 1 };
      }),
      release: assign(({ context, event }) =>
        event.type === 'RELEASED' ? { turn: context.turn + 1, until: event.at, probes: 0 } : {},
      ),
      heal: assign(({ context }) => ({
        turn: context.turn + 1,
        failed: 0,
        until: undefined,
        reason: undefined,
        probes: 0,
      })),
      tell: emit(({ context }, { state }: { state: ProviderState }) => ({
        type: 'tell' as const,
        standing: { state, ...context },
      })),
    },
  });

  const tell = <S extends ProviderState>(state: S) => ({ type: 'tell' as const, params: { state } });
  const onFailure = [
    { guard: and(['isHeard', 'opensCircuit']), target: 'broken', actions: ['fail', tell('broken')] as const },
    { guard: 'isHeard' as const, target: 'throttled', actions: ['fail', tell('throttled')] as const },
  ];
  const onDue = { guard: 'isDue' as const, target: 'probing', actions: ['probe', tell('probing')] as const };

  return machine.createMachine({
    id: 'provider',
    context: { turn: 0, failed: 0, until: undefined, reason: undefined, probes: 0 },
    initial: 'healthy',
    states: {
      healthy: {
        description: 'Answers: whoever wants to may ask.',
        on: {
          FAILED: onFailure,
        },
      },
      throttled: {
        description: 'In trouble: left alone until an instant.',
        on: {
          DUE: onDue,
        },
      },
      broken: {
        description: 'In trouble for long, or for good: probed more and more rarely.',
        on: {
          DUE: onDue,
        },
      },
      probing: {
        description: 'One call is let through, and decides.',
        on: {
          ANSWERED: {
            guard: 'isHeard',
            target: 'healthy',
            actions: ['heal', tell('healthy')],
          },
          FAILED: onFailure,
          RELEASED: {
            guard: 'ofThisTurn',
            target: 'throttled',
            actions: ['release', tell('throttled')],
          },
          DUE: { ...onDue, reenter: true },
        },
      },
    },
  });
}

export type ProviderMachine = ReturnType<typeof buildProviderMachine>;

/** What a provider's state becomes; undefined when the event changes nothing. Pure. */
export function nextStanding(machine: ProviderMachine, from: Standing, event: ProviderEvent): Standing | undefined {
  const { state, ...context } = from;
  const [, actions] = transition(machine, machine.resolveState({ value: state, context }), event);
  const told = (actions as readonly { type: string; params?: unknown }[]).find(({ type }) => type === 'xstate.emit');
  return told && (told.params as { event: ProviderCommand }).event.standing;
}
