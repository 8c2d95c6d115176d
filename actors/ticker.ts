// Time is a message: each scheduled duty gets one tick a slot, however many processes tick. The slot is in the id and the
// sequence of the last tick is expected, so the stream refuses the second one; nobody needs to lead.

import { CronExpressionParser } from 'cron-parser';
import { createActor, type InspectionEvent } from 'xstate';
import type { Bus, Stored } from '../bus/bus.ts';
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

function paceOf(cadence: Cadence): Pace {
  if ('every' in cadence) return cadence;
  return {
    nextSlot: (after) =>
      CronExpressionParser.parse(cadence.cron, { currentDate: new Date(after), tz: 'UTC' })
        .next()
        .getTime(),
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
  let seen: Stored | undefined;
  const slotOf = () => (seen?.message.type === 'clock.ticked' ? seen.message.data.slot : undefined);
  try {
    seen = await lastTick();
    actor.send({ type: 'START', now: clock.now(), last: slotOf() });
    for (let command = commands.shift(); command; command = commands.shift()) {
      actor.send(await perform(command));
    }
  } finally {
    actor.stop();
  }

  /** A stream that cannot be read now is read later: a schedule never ends by itself. */
  async function lastTick(): Promise<Stored | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const read = await bus.last(subject).catch((error: unknown) => new Error(reasonOf(error)));
      if (!(read instanceof Error)) return read;
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
      await bus.publish(subject, tick, { expectedLastSeq: seen?.seq ?? 0 });
    } catch (error) {
      if (!(error instanceof StaleWrite)) return { type: 'FAILED', now: clock.now() };
    }
    seen = await lastTick();
    return { type: 'TICKED', slot: slotOf() ?? slot };
  }
}
