// When a standing duty ticks. Time is cut into slots, the same in every process: whoever ticks first wins, the stream
// refuses the others, and each slot happens once. Slots missed while nobody ran collapse into the latest one.
//
// Invariants:
//   S1. Pure: the supervisor says what time it is (AT), waits (`wake`) and publishes (`tick`).
//   S2. Of slots only the latest ticks, and none twice: `last` never goes back.
//   S3. A tick that could not be published is tried again, until a later slot replaces it.

import { assign, emit, setup } from 'xstate';

/** A calendar: its slots are instants, epoch ms. */
export type Calendar = {
  /** The latest slot that has begun at `now`. */
  readonly latest: (now: number) => number;
  /** The first slot strictly after `now`. */
  readonly next: (now: number) => number;
};

/** How often: every so many ms, or as a calendar says. */
export type Pace = { readonly every: number } | Calendar;

/** The latest slot that has begun at `now`. A slot of `every` is a count since the epoch; one of a calendar is its own instant. */
export function slotAt(pace: Pace, now: number): number {
  return 'every' in pace ? Math.floor(now / pace.every) : pace.latest(now);
}

/** The instant a slot begins, epoch ms. */
export function dueAt(pace: Pace, slot: number): number {
  return 'every' in pace ? slot * pace.every : slot;
}

/** The first instant after `now` at which a slot begins. */
export function nextDue(pace: Pace, now: number): number {
  return 'every' in pace ? (Math.floor(now / pace.every) + 1) * pace.every : pace.next(now);
}

export type ScheduleEvent =
  /** `last` is the slot of the last tick on the stream; undefined: the duty never ticked, and the current slot is due. */
  | { readonly type: 'START'; readonly now: number; readonly last: number | undefined }
  /** The time that `wake` asked for, or any other. */
  | { readonly type: 'AT'; readonly now: number }
  /** The stream holds the tick of this slot, whoever published it. */
  | { readonly type: 'TICKED'; readonly slot: number }
  | { readonly type: 'FAILED'; readonly now: number }
  | { readonly type: 'STOP' };

export type ScheduleCommand =
  /** Say AT when it is `at`; replaces the wish before. */
  | { readonly type: 'wake'; readonly at: number }
  /** Publish the tick, then TICKED or FAILED. */
  | { readonly type: 'tick'; readonly slot: number; readonly due: number };

type Context = {
  readonly now: number;
  /** The slot of the last tick known. */
  readonly last: number | undefined;
  /** The slot being published. */
  readonly slot: number | undefined;
};

const later = (slot: number, than: number | undefined): boolean => than === undefined || slot > than;

/**
 * The chart of one scheduled duty.
 * @param retryMs how long after a tick that failed the next try comes
 */
export function buildScheduleMachine(pace: Pace, retryMs: number) {
  const machine = setup({
    types: { context: {} as Context, events: {} as ScheduleEvent, emitted: {} as ScheduleCommand },
    guards: {
      slotDue: ({ context, event }) => 'now' in event && later(slotAt(pace, event.now), lastOf(context, event)),
      isNews: ({ context, event }) => event.type === 'TICKED' && later(event.slot, context.last),
      isDone: ({ context, event }) =>
        event.type === 'TICKED' && (context.slot === undefined || context.slot <= event.slot),
    },
    actions: {
      note: assign(({ context, event }) => {
        if (event.type === 'TICKED') return { last: event.slot };
        return 'now' in event ? { now: event.now, last: lastOf(context, event) } : {};
      }),
      takeSlot: assign(({ context }) => ({ slot: slotAt(pace, context.now) })),
      forget: assign({ last: undefined, slot: undefined }),
      wake: emit(({ context }) => ({ type: 'wake' as const, at: nextDue(pace, context.now) })),
      wakeSoon: emit(({ context }) => ({ type: 'wake' as const, at: context.now + retryMs })),
      tick: emit(({ context }) => {
        const slot = context.slot ?? 0;
        return { type: 'tick' as const, slot, due: dueAt(pace, slot) };
      }),
    },
  });

  const ticks = { guard: 'slotDue', target: 'ticking', actions: ['note', 'takeSlot'] } as const;
  const hears = { guard: 'isNews', actions: 'note' } as const;

  return machine.createMachine({
    id: 'schedule',
    context: { now: 0, last: undefined, slot: undefined },
    initial: 'idle',
    states: {
      idle: {
        description: 'The duty does not tick here.',
        entry: 'forget',
        on: { START: [ticks, { target: 'waiting', actions: 'note' }] },
      },
      waiting: {
        description: 'Until the next slot begins.',
        entry: 'wake',
        on: {
          AT: [ticks, { target: 'waiting', reenter: true, actions: 'note' }],
          TICKED: hears,
          STOP: 'idle',
        },
      },
      ticking: {
        description: 'The tick is being published.',
        entry: 'tick',
        on: {
          TICKED: [{ guard: 'isDone', target: 'waiting', actions: 'note' }, hears],
          FAILED: { target: 'retrying', actions: 'note' },
          STOP: 'idle',
        },
      },
      retrying: {
        description: 'The tick could not be published: again soon.',
        entry: 'wakeSoon',
        on: { AT: [ticks, { target: 'waiting', actions: 'note' }], TICKED: hears, STOP: 'idle' },
      },
    },
  });
}

/** The last tick known once the event is heard. */
function lastOf(context: Context, event: ScheduleEvent): number | undefined {
  return event.type === 'START' ? event.last : context.last;
}
