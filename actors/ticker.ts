// Time is a message: each scheduled duty gets one tick a slot, however many processes tick. The slot is in the id and the
// sequence of the last tick is expected, so the stream refuses the second one; nobody needs to lead.

import { CronExpressionParser } from 'cron-parser';
import { createActor, type InspectionEvent } from 'xstate';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import { reasonOf, StaleWrite } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { buildScheduleMachine, type Pace, type ScheduleCommand, type ScheduleEvent } from '../machines/schedule.ts';
import type { Cadence } from '../org/org.ts';

/** How long after a tick that could not be published the next try comes. */
const RETRY_MS = 5_000;

export type TickerPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
};

/** The last tick of a duty on the stream; sequence 0 when there is none. */
type Tick = { readonly seq: number; readonly slot: number | undefined };

/** The pace of a cadence; a cron expression is read in UTC. */
export function paceOf(cadence: Cadence): Pace {
  if ('every' in cadence) return cadence;
  const calendar = CronExpressionParser.parse(cadence.cron, { tz: 'UTC' });
  const from = (now: number) => {
    calendar.reset(new Date(now));
    return calendar;
  };
  return {
    // Strictly before the next millisecond: a slot that begins now has begun.
    latest: (now) =>
      from(now + 1)
        .prev()
        .getTime(),
    next: (now) => from(now).next().getTime(),
  };
}

/** Ticks for one duty until the signal is aborted. */
export async function runTicker(
  ports: TickerPorts,
  duty: string,
  cadence: Cadence,
  signal: AbortSignal,
): Promise<void> {
  const { bus, clock, inspect } = ports;
  const subject = subjects.clock(duty);
  const commands: ScheduleCommand[] = [];
  const machine = buildScheduleMachine(paceOf(cadence), RETRY_MS);
  const actor = createActor(machine, { id: `schedule-${duty}`, ...(inspect ? { inspect } : {}) });
  actor.on('*', (command) => void commands.push(command));
  actor.start();
  let seen: Tick = { seq: 0, slot: undefined };
  try {
    seen = await lastTick();
    actor.send({ type: 'START', now: clock.now(), last: seen.slot });
    for (let command = commands.shift(); command; command = commands.shift()) {
      actor.send(await perform(command));
    }
  } finally {
    actor.stop();
  }

  /** A stream that cannot be read now is read later: a schedule never ends by itself. */
  async function lastTick(): Promise<Tick> {
    for (;;) {
      signal.throwIfAborted();
      const read = await bus.last(subject).catch((error: unknown) => new Error(reasonOf(error)));
      if (!(read instanceof Error)) {
        const message = read?.message;
        return { seq: read?.seq ?? 0, slot: message?.type === 'clock.ticked' ? message.data.slot : undefined };
      }
      await clock.sleepUntil(clock.now() + RETRY_MS, signal);
    }
  }

  async function perform(command: ScheduleCommand): Promise<ScheduleEvent> {
    if (command.type === 'wake') {
      await clock.sleepUntil(command.at, signal);
      return { type: 'AT', now: clock.now() };
    }
    signal.throwIfAborted();
    const { slot, due } = command;
    const tick = {
      id: `tick.${duty}.${slot}`,
      type: 'clock.ticked',
      source: 'clock',
      data: { duty, slot, due },
    } as const;
    try {
      const { seq, duplicate } = await bus.publish(subject, tick, { expectedLastSeq: seen.seq });
      if (!duplicate) {
        seen = { seq, slot };
        return { type: 'TICKED', slot };
      }
    } catch (error) {
      if (!(error instanceof StaleWrite)) return { type: 'FAILED', now: clock.now() };
    }
    seen = await lastTick();
    return { type: 'TICKED', slot: seen.slot ?? slot };
  }
}
