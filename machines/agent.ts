// Every role, from the CEO to support, is this chart: one agent, one piece of work in hand. It hears events and emits
// commands; the host (actors/host.ts) does what they ask and answers with the next event.
//
// Invariants:
//   A1. Pure: no invoke, no after, no clock. A wait is a command, an instant is in the record.
//   A2. `context.task` is undefined exactly in `idle`.
//   A3. `escalated` is entered only as the policy says: its ladder is used up, a failure that no retry can heal, or the
//       budget of the lineage.
//   A4. Resuming is a transition: ASSIGN carries the task as last recorded, and guards enter the state it was in.
//   A5. Every busy state answers every kind of failure.

import { assign, emit, setup } from 'xstate';
import type { Failure, Phase } from '../bus/records.ts';
import { type AgentPolicy, backoffMs, climbing, type Rung, waiting } from './policy.ts';

/** What the chart needs to know of a task (or of a standing duty's job). */
export type WorkView = {
  readonly id: string;
  /** Where to go on. */
  readonly phase: Phase;
  /** Attempts started over the whole lineage, this one included once it has started. */
  readonly attempt: number;
  /** Position on the ladder, 1-based: the rung that this attempt runs. */
  readonly rung: number;
  /** Retries of this attempt so far, for failures that do not climb. */
  readonly waits: number;
  /** How many of them the policy does not count: waits for a quota whose end was known. The lineage's time bounds them. */
  readonly excused: number;
  /** Levels of subtasks that may still go below this one. */
  readonly depthLeft: number;
  /** False when the lineage has no attempts, money or time left for what is about to start. */
  readonly affordable: boolean;
};

export type AgentEvent =
  | { readonly type: 'ASSIGN'; readonly work: WorkView }
  | { readonly type: 'BRIEFED' }
  | { readonly type: 'EXECUTED' }
  | { readonly type: 'VERIFIED' }
  /** Verification needs somebody else first (a review): the agent goes idle, the work waits on its subject. */
  | { readonly type: 'AWAITING' }
  | { readonly type: 'REPORTED' }
  | { readonly type: 'FAILED'; readonly failure: Failure; readonly affordable: boolean }
  | { readonly type: 'DUE' }
  /** The wait is long: the delivery was put back until then, and the agent is free. */
  | { readonly type: 'PARKED' }
  /** There is no money for the next call: the work keeps its place and its attempt until there is. */
  | { readonly type: 'UNFUNDED' }
  | { readonly type: 'FUNDED' }
  | { readonly type: 'RECALLED' }
  | { readonly type: 'CONSULTED' }
  | { readonly type: 'PLANNED' }
  | { readonly type: 'DELEGATED' }
  | { readonly type: 'ESCALATED' };

export type AgentCommand =
  | { readonly type: 'brief' }
  | { readonly type: 'execute' }
  | { readonly type: 'verify' }
  | { readonly type: 'report' }
  /** Wait `ms`, or until `until` when the failure named an instant, then DUE (or PARKED). */
  | { readonly type: 'backOff'; readonly ms: number; readonly until: number | undefined }
  /** Wait until a wallet has money again, then FUNDED. */
  | { readonly type: 'waitForMoney' }
  | { readonly type: 'recall' }
  | { readonly type: 'consult' }
  | { readonly type: 'plan' }
  | { readonly type: 'delegate' }
  | { readonly type: 'escalate'; readonly reason: string };

type Context = {
  readonly agent: string;
  readonly work: WorkView | undefined;
  /** The failure that led here, while retrying, decomposing or escalated. */
  readonly failure: Failure | undefined;
};

const nothing = { work: undefined, failure: undefined };

/** The first rung after `position` (1-based) that may run: `decompose` only where levels are left. */
function nextRung(policy: AgentPolicy, work: WorkView): { rung: Rung; position: number } {
  for (let position = work.rung + 1; position <= policy.ladder.length; position += 1) {
    const rung = policy.ladder[position - 1];
    if (rung !== undefined && (rung !== 'decompose' || work.depthLeft > 0)) return { rung, position };
  }
  return { rung: 'escalate', position: policy.ladder.length };
}

/**
 * The chart of an agent under a policy. The ladder is data: its rungs become the guarded transitions of `FAILED`.
 */
export function buildAgentMachine(policy: AgentPolicy) {
  const climbs = (failure: Failure) => climbing.includes(failure.kind);
  const isExcused = ({ kind, until }: Failure) => kind === 'quota' && until !== undefined;

  const machine = setup({
    types: {
      input: {} as { agent: string },
      context: {} as Context,
      events: {} as AgentEvent,
      emitted: {} as AgentCommand,
    },
    guards: {
      resumesAt: ({ event }, params: { phase: Phase }) => event.type === 'ASSIGN' && event.work.phase === params.phase,
      mustWait: ({ context, event }) =>
        event.type === 'FAILED' &&
        event.affordable &&
        waiting.includes(event.failure.kind) &&
        (isExcused(event.failure) || (context.work?.waits ?? 0) - (context.work?.excused ?? 0) < policy.waits),
      climbsTo: ({ context, event }, params: { rung: Rung }) =>
        event.type === 'FAILED' &&
        event.affordable &&
        climbs(event.failure) &&
        context.work !== undefined &&
        nextRung(policy, context.work).rung === params.rung,
      onRung: ({ context }, params: { rung: Rung }) =>
        context.work !== undefined && policy.ladder[context.work.rung - 1] === params.rung,
      unaffordable: ({ event }) => event.type === 'ASSIGN' && event.work.phase === 'briefing' && !event.work.affordable,
    },
    actions: {
      take: assign(({ event }) => (event.type === 'ASSIGN' ? { work: event.work, failure: undefined } : {})),
      note: assign(({ event }) => (event.type === 'FAILED' ? { failure: event.failure } : {})),
      climb: assign(({ context }) =>
        context.work === undefined
          ? {}
          : {
              work: {
                ...context.work,
                rung: nextRung(policy, context.work).position,
                attempt: context.work.attempt + 1,
                waits: 0,
                excused: 0,
              },
            },
      ),
      wait: assign(({ context, event }) => {
        const { work } = context;
        if (work === undefined || event.type !== 'FAILED') return {};
        const excused = work.excused + Number(isExcused(event.failure));
        return { work: { ...work, waits: work.waits + 1, excused } };
      }),
      forget: assign(nothing),
      brief: emit({ type: 'brief' }),
      execute: emit({ type: 'execute' }),
      verify: emit({ type: 'verify' }),
      report: emit({ type: 'report' }),
      backOff: emit(({ context }) => ({
        type: 'backOff' as const,
        ms: backoffMs(policy.backoff, Math.max(1, (context.work?.rung ?? 1) - 1 + (context.work?.waits ?? 0))),
        until: context.failure?.until,
      })),
      waitForMoney: emit({ type: 'waitForMoney' }),
      recall: emit({ type: 'recall' }),
      consult: emit({ type: 'consult' }),
      plan: emit({ type: 'plan' }),
      delegate: emit({ type: 'delegate' }),
      escalate: emit(({ context }) => ({
        type: 'escalate' as const,
        reason: context.failure?.reason ?? 'the lineage has no budget left',
      })),
    },
  });

  // In the order of the ladder: where a failed attempt goes next. The last one is what nothing else took.
  const onFailure = [
    { guard: 'mustWait' as const, target: '#agent.retrying.backingOff', actions: ['note', 'wait'] as const },
    ...policy.ladder
      .filter((rung, index) => index > 0 && rung !== 'escalate' && policy.ladder.indexOf(rung, 1) === index)
      .map((rung) => ({
        guard: { type: 'climbsTo' as const, params: { rung } },
        target: rung === 'decompose' ? '#agent.decomposing' : '#agent.retrying.backingOff',
        actions: ['note', 'climb'] as const,
      })),
    { target: '#agent.escalated', actions: ['note'] as const },
  ];

  // After a wait, the rung of this attempt: also when the wait was for the rung itself. What it has recorded costs nothing.
  const helping = (['recall', 'consult', 'decompose'] as const).filter((rung) => policy.ladder.includes(rung));
  const stateOf = {
    recall: '#agent.retrying.recalling',
    consult: '#agent.retrying.consulting',
    decompose: '#agent.decomposing',
  } as const;
  const onDue = [
    ...helping.map((rung) => ({ guard: { type: 'onRung' as const, params: { rung } }, target: stateOf[rung] })),
    { target: '#agent.working' },
  ];

  const recalling = {
    description: 'Asks the knowledge base; the answer goes into the brief.',
    entry: 'recall' as const,
    on: { RECALLED: '#agent.working' },
  };
  const consulting = {
    description: 'Asks the knowledge agent and waits for its answer.',
    entry: 'consult' as const,
    on: { CONSULTED: '#agent.working' },
  };

  const unfunded = (target: string) => ({ entry: 'waitForMoney' as const, on: { FUNDED: target } });

  const resume = (phase: Phase, target: string) => ({
    guard: { type: 'resumesAt' as const, params: { phase } },
    target,
    actions: 'take' as const,
  });

  return machine.createMachine({
    id: 'agent',
    context: ({ input }) => ({ agent: input.agent, ...nothing }),
    initial: 'idle',
    states: {
      idle: {
        description: 'Free: the next assignment may come.',
        entry: 'forget',
        on: {
          ASSIGN: [
            // A lineage that is spent starts nothing; what it has begun, it may finish.
            { guard: 'unaffordable', target: 'escalated', actions: 'take' },
            resume('executing', 'working.executing'),
            resume('verifying', 'working.verifying'),
            resume('reporting', 'working.reporting'),
            resume('backing-off', 'retrying'),
            resume('planning', 'decomposing'),
            { target: 'working', actions: 'take' },
          ],
        },
      },
      working: {
        description: 'An attempt.',
        initial: 'briefing',
        on: { FAILED: onFailure },
        states: {
          briefing: { description: 'Collects what it needs to know.', entry: 'brief', on: { BRIEFED: 'executing' } },
          executing: {
            description: 'Does the work, step by step.',
            entry: 'execute',
            on: { EXECUTED: 'verifying', UNFUNDED: '#agent.unfunded.executing' },
          },
          verifying: {
            description: 'The harness looks for evidence.',
            entry: 'verify',
            on: { VERIFIED: 'reporting', AWAITING: '#agent.idle', UNFUNDED: '#agent.unfunded.verifying' },
          },
          reporting: { description: 'Hands in what is done.', entry: 'report', on: { REPORTED: '#agent.idle' } },
        },
      },
      retrying: {
        description: 'Between two attempts.',
        initial: 'backingOff',
        on: { FAILED: onFailure },
        states: {
          backingOff: {
            description: 'Waiting: a short wait keeps the agent, a long one puts the delivery back.',
            entry: 'backOff',
            on: {
              DUE: onDue,
              PARKED: '#agent.idle',
            },
          },
          // A ladder without these rungs has no state that nothing leads to.
          ...(policy.ladder.includes('recall') && { recalling }),
          ...(policy.ladder.includes('consult') && { consulting }),
        },
      },
      decomposing: {
        description: 'The task becomes subtasks; it then waits on its own subject and the agent is free.',
        initial: 'planning',
        on: { FAILED: onFailure },
        states: {
          planning: {
            description: 'Asks the model for a plan.',
            entry: 'plan',
            on: { PLANNED: 'delegating', UNFUNDED: '#agent.unfunded.planning' },
          },
          delegating: {
            description: 'Creates and assigns the subtasks.',
            entry: 'delegate',
            on: { DELEGATED: '#agent.idle' },
          },
        },
      },
      unfunded: {
        description: 'A wallet is empty: parked until a person raises its cap, or its day or month is over.',
        initial: 'executing',
        on: { FAILED: onFailure },
        states: {
          executing: unfunded('#agent.working.executing'),
          verifying: unfunded('#agent.working.verifying'),
          planning: unfunded('#agent.decomposing.planning'),
        },
      },
      escalated: {
        description: 'Given to others: HR first, then a person. The task keeps the state, the agent goes idle.',
        entry: 'escalate',
        on: {
          ESCALATED: 'idle',
          // Escalating itself may fail (no stream, no HR): the same escalation again, never another state.
          FAILED: { target: 'escalated', reenter: true },
        },
      },
    },
  });
}

export type AgentMachine = ReturnType<typeof buildAgentMachine>;

const built = new WeakMap<AgentPolicy, AgentMachine>();

/** The chart of a policy, built once: agents under one policy, in all processes of this program, run the same one. */
export function agentMachineOf(policy: AgentPolicy): AgentMachine {
  const known = built.get(policy);
  if (known) return known;
  const machine = buildAgentMachine(policy);
  built.set(policy, machine);
  return machine;
}
