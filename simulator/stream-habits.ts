// The bad habits of a stream, decided by the tape: what bus/memory/habits.ts draws on the spot is written down here, so that
// it can be repeated in parts.

import type { Stored } from '../bus/bus.ts';
import type { Habits } from '../bus/memory/habits.ts';
import type { Message } from '../bus/messages.ts';
import type { Chance } from './chance.ts';
import type { Weather } from './faults.ts';
import type { Tape } from './tape.ts';

/** How often an occasion is taken at the usual rate. */
const USUAL = 0.02;
/** A span strikes everything while it lasts, so it begins more rarely. */
const SPANS = 0.1;
const LONGEST_DELAY_MS = 10 * 60_000;
const LONGEST_REDELIVERY_MS = 30 * 60_000;
/** Some are longer than the minute after which a writer gives up. */
const LONGEST_SPAN_MS = 30 * 60_000;

/** Short spans are more likely than long ones; at least 1 ms. */
function upTo(chance: Chance, mostMs: number): number {
  return 1 + Math.floor(chance.next() ** 3 * mostMs);
}

/** Until when (epoch ms) some writer may send again what it has no confirmation of; shared by all processes. */
export type Doubt = { until: number };

type HabitParts = {
  readonly chance: Chance;
  readonly tape: Tape;
  /** The true time. */
  readonly now: () => number;
  readonly doubt: Doubt;
};

/** As long as a writer tries (bus/memory/writer.ts), and a little. */
const IN_DOUBT_MS = 65_000;

/**
 * @param process whose habits they are: spans in which the stream cannot be reached are of one process
 */
export function createStreamHabits(
  process: string,
  weather: Pick<Weather, 'kinds' | 'rate'>,
  { chance, tape, now, doubt }: HabitParts,
): Habits {
  const on = new Set<string>(weather.kinds);
  const takes = (kind: string, share = 1) => on.has(kind) && chance.strikes(USUAL * weather.rate * share);
  const once = (kind: string, at: string): boolean => tape.decide(kind, at, () => (takes(kind) ? 1 : undefined)) === 1;
  const lasting = (kind: string, at: string, mostMs: number, share = 1): number =>
    Number(tape.decide(kind, at, () => (takes(kind, share) ? upTo(chance, mostMs) : undefined)) ?? 0);
  const letter = (stored: Stored, durable: string) => `${stored.message.id} for ${durable}`;

  let cutUntil = 0;
  let fullUntil = 0;
  return {
    publish(message: Message) {
      if (tape.calmed) return 'stored';
      const at = Date.parse(message.time);
      if (at < cutUntil) return 'lost';
      if (at < fullUntil) return 'full';
      const cutMs = lasting('partition', message.id, LONGEST_SPAN_MS, SPANS);
      cutUntil = at + cutMs;
      if (cutMs > 0) return 'lost';
      const fullMs = lasting('disk-full', message.id, LONGEST_SPAN_MS, SPANS);
      fullUntil = at + fullMs;
      if (fullMs > 0) return 'full';
      if (!once('duplicate', message.id)) return 'stored';
      doubt.until = now() + IN_DOUBT_MS;
      return 'unconfirmed';
    },
    cutUntil: (at) => (!tape.calmed && at < cutUntil ? cutUntil : undefined),
    delayMs: (stored, durable) => lasting('delay', letter(stored, durable), LONGEST_DELAY_MS),
    tapLagMs: (stored) => lasting('delay', `${stored.message.id} for the projections of ${process}`, LONGEST_DELAY_MS),
    redeliver(stored, durable) {
      // Without a second delivery there is no stale acknowledgement.
      const kind = on.has('redeliver-late') || !on.has('stale-ack') ? 'redeliver-late' : 'stale-ack';
      const at = letter(stored, durable);
      const value = tape.decide('redeliver-late', at, () =>
        takes(kind) ? upTo(chance, LONGEST_REDELIVERY_MS) : undefined,
      );
      return value === undefined ? undefined : Number(value);
    },
    loseAck: (stored, durable) => once('duplicate', `the ack of ${letter(stored, durable)}`),
    staleAck: (stored, durable) =>
      tape.decide('stale-ack', letter(stored, durable), () => (on.has('stale-ack') ? 1 : undefined)) === 1,
    reorder: (durable) => once('reorder', `${durable} of ${process}`),
    dropTell: (message) => once('drop-core', message.id),
    // A server that starts again knows the ids of what it has stored; what it forgets is older than a writer's patience.
    forgetIds: () => now() >= doubt.until && once('dedupe-forgotten', process),
  };
}
