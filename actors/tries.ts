// How often a message has come again with nothing recorded in between, counted on the stream: a message that ends whole
// processes must be found out by the next one. What was put off on purpose is not counted: it is put off before it is
// begun, or something was recorded first (a failure with its instant), or it says that it was given back.

import type { Bus, Delivery } from '../bus/bus.ts';
import { ForeignMessage } from '../bus/errors.ts';
import type { DataOf, Message } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import { jobId } from './job-id.ts';

/**
 * Deliveries in a row without anything recorded after which a message is given up on. Fewer would take a few restarts by a
 * person for poison; with the ack wait of half a minute six are over in about three minutes.
 */
export const MOST_TRIES = 6;

/** The subject that grows when there is progress. */
function workOf(message: Message): string {
  if (message.type === 'assignment.given') return subjects.task(message.data.task);
  return subjects.job(jobId(message.id));
}

async function lastSeq(bus: Bus, subject: string): Promise<number> {
  try {
    return (await bus.last(subject))?.seq ?? 0;
  } catch (error) {
    if (error instanceof ForeignMessage) return error.seq;
    throw error;
  }
}

/** One delivery being tried. */
export class Try {
  readonly #bus: Bus;
  readonly #consumer: string;
  readonly #delivery: Delivery;
  #tries: number;
  /** Why the one before it ended, where it could say so. */
  readonly reason: string | undefined;

  private constructor(bus: Bus, consumer: string, delivery: Delivery, tries: number, reason?: string) {
    this.#bus = bus;
    this.#consumer = consumer;
    this.#delivery = delivery;
    this.#tries = tries;
    this.reason = reason;
  }

  /**
   * Counts a delivery that is about to be begun. A first delivery costs nothing: there is nothing to read or to write.
   * Throws BusFailure.
   */
  static async begin(bus: Bus, consumer: string, delivery: Delivery): Promise<Try> {
    if (delivery.attempt === 1) return new Try(bus, consumer, delivery, 1);
    const [last, progress] = await Promise.all([
      bus.last(subjects.delivery(consumer, delivery.seq)),
      lastSeq(bus, workOf(delivery.message)),
    ]);
    const before = last?.message.type === 'delivery.tried' ? last.message.data : undefined;
    // Without a note of it, the delivery before this one is all that is known.
    const tries = before === undefined ? 2 : before.progress === progress ? before.tries + 1 : 1;
    const one = new Try(bus, consumer, delivery, tries, before?.reason);
    if (!one.spent) await one.#write('begun', progress);
    return one;
  }

  /** True when it must not be begun once more. */
  get spent(): boolean {
    return this.#tries > MOST_TRIES;
  }

  /** Its agent crashed. Returns true when that was the last try. Throws BusFailure. */
  async crashed(reason: string): Promise<boolean> {
    const progress = await lastSeq(this.#bus, workOf(this.#delivery.message));
    await this.#write('crashed', progress, reason);
    return this.#tries >= MOST_TRIES;
  }

  /** It goes back untouched, or for a reason that is no fault of the message. Throws BusFailure. */
  async givenBack(): Promise<void> {
    if (this.#delivery.attempt === 1) return;
    this.#tries -= 1;
    await this.#write('back', await lastSeq(this.#bus, workOf(this.#delivery.message)));
  }

  async #write(tag: string, progress: number, reason?: string): Promise<void> {
    const { seq, attempt, message } = this.#delivery;
    const consumer = this.#consumer;
    const data: DataOf<'delivery.tried'> = { consumer, seq, tries: this.#tries, progress };
    if (reason !== undefined) data.reason = reason;
    await this.#bus.publish<'delivery.tried'>(subjects.delivery(consumer, seq), {
      id: `delivery.${consumer}.${seq}.${attempt}.${tag}`,
      type: 'delivery.tried',
      source: 'supervisor',
      data,
      correlationid: message.correlationid,
      causationid: message.id,
    });
  }
}
