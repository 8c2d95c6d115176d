// A publish on a stream with bad habits, with the patience of the JetStream adapter (jetstream/publisher.ts): what is not
// confirmed is sent again under the same id, every RESEND_MS and when the stream can be reached again, and given up after a
// minute. So users of the port see the same errors on both.

import type { Published, PublishOptions } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { BusFailure } from '../errors.ts';
import { refusal } from '../jetstream/errors.ts';
import { unanswered } from '../jetstream/letter.ts';
import type { Message } from '../messages.ts';
import type { Habits } from './habits.ts';

const RESEND_MS = 5_000;
const GIVE_UP_MS = 60_000;
/** What a server says whose disk is full. */
const INSUFFICIENT = 10047;

export type WriterParts = {
  readonly clock: Clock;
  readonly habits: Habits;
  /** Waits until an instant of the clock; undefined where a writer cannot wait. */
  readonly wait: ((at: number) => Promise<void>) | undefined;
  /** Stores it, or throws StaleWrite. */
  readonly store: (message: Message, options: PublishOptions) => Published;
  readonly forgetIds: () => void;
  /** The error of a bus that is closed by now. */
  readonly closed: () => BusFailure | undefined;
};

/** The first try is made before it returns its promise. Throws StaleWrite, BusFailure. */
export async function writeUnruly(parts: WriterParts, message: Message, options: PublishOptions): Promise<Published> {
  const { clock, habits, wait } = parts;
  const begun = clock.now();
  for (let tries = 1; ; tries += 1) {
    const error = parts.closed();
    if (error) throw error;
    const published = tryOnce(parts, message, options);
    if (published) return published;
    const now = clock.now();
    // Where time cannot pass the tries are counted instead.
    const waited = wait ? now - begun : tries * RESEND_MS;
    if (waited >= GIVE_UP_MS) throw unanswered(message);
    const back = habits.cutUntil(now) ?? Number.POSITIVE_INFINITY;
    await wait?.(Math.min(now + RESEND_MS, back));
  }
}

/** Undefined when no answer came. */
function tryOnce(parts: WriterParts, message: Message, options: PublishOptions): Published | undefined {
  const { clock, habits } = parts;
  if (habits.forgetIds()) parts.forgetIds();
  const fate = habits.publish(message, clock.now());
  if (fate === 'lost') return undefined;
  if (fate === 'full')
    throw refusal(`publish on ${message.subject}`, INSUFFICIENT, 'insufficient storage resources available');
  if (fate === 'stored') return parts.store(message, options);
  try {
    parts.store(message, options);
  } catch {
    // It was refused; that answer does not come either.
  }
  return undefined;
}
