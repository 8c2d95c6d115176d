// Writers that never stop: each on a subject of its own, the next message after the confirmation of the last, every one with
// the sequence it expects. What they were told is compared with what the stream holds.

import type { Bus, Stored } from '../../bus/bus.ts';
import { StaleWrite } from '../../bus/errors.ts';
import type { JetStreamBus } from '../../bus/jetstream.ts';
import { Mail } from '../contract/mail.ts';

export type Outcome = {
  readonly acknowledged: number;
  /** Acknowledged, and not on the stream where it was said to be. */
  readonly lost: readonly string[];
  /** Ids that the stream holds more than once. */
  readonly duplicated: readonly string[];
  /** Refused although nobody else writes there: the confirmation of an earlier try was lost on the way. */
  readonly fenced: number;
  readonly failed: readonly string[];
};

export class Writers {
  readonly #bus: JetStreamBus;
  readonly #acknowledged = new Map<string, number>();
  readonly #failed: string[] = [];
  readonly #lanes: Promise<void>[] = [];
  readonly #beats: { from: number; mail: Mail<void> }[] = [];
  #fenced = 0;
  #stopped = false;
  #last = performance.now();
  #gap = 0;

  constructor(bus: JetStreamBus, lanes: number) {
    this.#bus = bus;
    for (let lane = 1; lane <= lanes; lane += 1) this.#lanes.push(this.#write(lane));
  }

  /** Resolves after `count` more acknowledgements. */
  async more(count: number): Promise<void> {
    const waiting = { from: this.#acknowledged.size + count, mail: new Mail<void>() };
    this.#beats.push(waiting);
    await waiting.mail.next();
  }

  /** The longest time without any acknowledgement since the last call, in ms. */
  gap(): number {
    const gap = Math.max(this.#gap, performance.now() - this.#last);
    this.#gap = 0;
    this.#last = performance.now();
    return Math.round(gap);
  }

  /** Lets the last writes end and compares with what the stream holds, as `reader` sees it. */
  async finish(reader: Bus = this.#bus): Promise<Outcome> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
    const held = new Map<string, Stored[]>();
    for await (const stored of reader.replay({ filter: 'brain.>' }))
      held.set(stored.message.id, [...(held.get(stored.message.id) ?? []), stored]);
    const lost = [...this.#acknowledged]
      .filter(([id, seq]) => held.get(id)?.[0]?.seq !== seq)
      .map(([id, seq]) => `${id}: said ${seq}, is ${held.get(id)?.[0]?.seq ?? 'nowhere'}`);
    const duplicated = [...held].filter(([, all]) => all.length > 1).map(([id]) => id);
    return { acknowledged: this.#acknowledged.size, lost, duplicated, fenced: this.#fenced, failed: this.#failed };
  }

  async #write(lane: number): Promise<void> {
    const subject = `brain.lane${lane}`;
    let seen = 0;
    for (let n = 1; !this.#stopped; n += 1) {
      const id = `lane${lane}.${n}`;
      const draft = { id, type: 'brain.metric', source: 'harness', data: { name: id, value: n } } as const;
      try {
        const { seq } = await this.#bus.publish(subject, draft, { expectedLastSeq: seen });
        seen = seq;
        this.#heard(id, seq);
      } catch (error) {
        if (error instanceof StaleWrite) this.#fenced += 1;
        else this.#failed.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
        seen = (await this.#bus.last(subject))?.seq ?? 0;
      }
    }
  }

  #heard(id: string, seq: number): void {
    this.#acknowledged.set(id, seq);
    const now = performance.now();
    this.#gap = Math.max(this.#gap, now - this.#last);
    this.#last = now;
    for (const beat of this.#beats.splice(0))
      if (this.#acknowledged.size >= beat.from) beat.mail.put();
      else this.#beats.push(beat);
  }
}
