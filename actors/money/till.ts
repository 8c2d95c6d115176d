// Where money is taken out: the one writer of `money.calls` in a process.
//
// Invariants:
//   T1. A reservation is written by someone who has seen every message of `money.calls` before it (expected sequence). So however
//       many processes spend at once, all wallets hold.
//   T2. One write of this process is under way at a time. Who comes meanwhile waits in line, outside their turn, and those who wait
//       (fifty at most) are in the next write together: unless other processes come between, a call waits for two answers.
//   T3. Who stops waiting holds nothing: what was set aside for them is given back.

import type { Turn } from '../../bus/clock.ts';
import { StaleWrite } from '../../bus/errors.ts';
import type { Draft } from '../../bus/messages.ts';
import { type Reservation, reservationsIn, type Stop } from '../../bus/money.ts';
import { subjects } from '../../bus/subjects.ts';
import { type Capped, dollars, micro, nearlyEmpty, raiseOf, shortOf } from '../../machines/wallet.ts';
import { WorkFailure } from '../duty.ts';
import type { Ports } from '../ports.ts';
import { questionOf } from './asking.ts';
import { callOf, type LiveBooks } from './books.ts';
import { cappedOf, raisedBy } from './caps.ts';
import { type Call, type Held, isOurs, payerOf, reservation, reserving, unknown } from './entries.ts';
import { Line } from './line.ts';

/** Most calls that are reserved in one write: some 25 KB. */
const MOST = 50;

type TillPorts = Pick<Ports, 'bus' | 'org' | 'board'>;

/** A call that waits in line, until money is set aside for it. */
type Waiting = { readonly call: Call; held: Held | undefined };

/** Money that can be set aside, as it would be written. */
type Offer = { readonly held: Held; readonly data: Reservation };

export class Till {
  readonly #ports: TillPorts;
  readonly #books: LiveBooks;
  readonly #left: (held: Held) => void;
  readonly #line = new Line();
  readonly #waiting = new Set<Waiting>();

  /** @param left gives back what was set aside for someone who waits no more */
  constructor(ports: TillPorts, left: (held: Held) => void) {
    this.#ports = ports;
    this.#books = ports.board.books;
    this.#left = left;
  }

  /**
   * Sets the worst case of a call aside; a stop says which purse has too little.
   * Throws WorkFailure when nobody knows what was spent, and what its turn throws while it waits.
   */
  async reserve(call: Call): Promise<Held | Stop> {
    const mine: Waiting = { call, held: undefined };
    this.#waiting.add(mine);
    try {
      return await this.#line.stand(call.turn, async () => mine.held ?? this.#serve(mine));
    } catch (error) {
      if (mine.held) this.#left(mine.held);
      throw error;
    } finally {
      this.#waiting.delete(mine);
    }
  }

  /** Records that a person raised the cap after a stop. */
  async raise(stop: Stop, by: string, turn: Turn): Promise<void> {
    await this.#line.stand(turn, () => this.#raise(stop, by));
  }

  /** Says once of each purse that it is nearly empty. */
  async warn(caps: readonly Capped[]): Promise<void> {
    const books = this.#books;
    const now = caps.map((purse) => ({ ...purse, used: books.used(purse.name) }));
    const part = this.#ports.org().budget.warn;
    const unwarned = nearlyEmpty(now, part).filter(({ name }) => !books.warned(name));
    if (unwarned.length > 0) await this.#line.stand(undefined, () => this.#warn(unwarned));
  }

  /** Decides over the books as they are up to the last message, and writes what it decided, also for those who wait behind. */
  async #serve(mine: Waiting): Promise<Held | Stop> {
    this.#waiting.delete(mine);
    for (;;) {
      const { unreadable } = this.#books;
      if (unreadable) throw new WorkFailure(unknown(unreadable));
      const drawn = new Map<string, number>();
      const offer = this.#offer(mine.call, drawn);
      if (!('held' in offer)) {
        const stop = await this.#refuse(offer, mine.call);
        if (stop) return stop;
        continue;
      }
      const others = this.#offersBehind(mine, drawn);
      const calls = [offer, ...others.values()].map(({ data }) => data);
      if (!(await this.#write(reserving(offer.data, calls.slice(1))))) continue;
      for (const [one, { held }] of others) this.#hand(one, held);
      return offer.held;
    }
  }

  /** What can be set aside for those who wait behind `mine`. One who finds too little is told so in their own turn. */
  #offersBehind(mine: Waiting, drawn: Map<string, number>): Map<Waiting, Offer> {
    const offers = new Map<Waiting, Offer>();
    const asked = new Set([mine.call.id]);
    for (const one of this.#waiting) {
      // The number of a try is known when the one before it is in the books.
      if (one.held || asked.has(one.call.id)) continue;
      if (offers.size + 1 === MOST) break;
      const offer = this.#offer(one.call, drawn);
      if (!('held' in offer)) continue;
      asked.add(one.call.id);
      offers.set(one, offer);
    }
    return offers;
  }

  /**
   * What a call would set aside; or the purse into which it does not fit.
   * @param drawn by purse, what is offered to others before it; its own is added. Millionths
   */
  #offer(call: Call, drawn: Map<string, number>): Offer | Capped {
    const { org, board } = this.#ports;
    const at = call.turn.now();
    const payer = payerOf(call, org());
    const caps = cappedOf(org(), call.role, payer, at, this.#books, drawn);
    const worst = micro(call.worst);
    const short = shortOf(caps, worst);
    if (short) return short;
    for (const { name } of caps) drawn.set(name, (drawn.get(name) ?? 0) + worst);
    const id = callOf(call.id, this.#books.tries(call.id) + 1);
    const held = { id, worst, caps, agent: call.agent };
    return { held, data: reservation(held, call, payer, at, call.task ?? board.byKey(call.about)) };
  }

  #hand(one: Waiting, held: Held): void {
    if (this.#waiting.has(one)) one.held = held;
    else this.#left(held);
  }

  /** Records that a purse is empty; undefined when the books have moved on, or a person raises the cap. */
  async #refuse(short: Capped, call: Call): Promise<Stop | undefined> {
    if (await this.#catchUpEnds()) return undefined;
    const { board } = this.#ports;
    const last = this.#books.stopOf(short.name);
    const by = last && raisedBy(board, last);
    if (last && by !== undefined) return void (await this.#raise(last, by));
    // The cap may have been changed in org.yaml since.
    if (last && last.cap === dollars(short.cap)) return last;
    const at = call.turn.now();
    const worst = micro(call.worst);
    const stop: Stop = {
      purse: short.name,
      at,
      used: dollars(short.used),
      cap: dollars(short.cap),
      worst: dollars(worst),
      question: questionOf(short, call, board),
      raise: dollars(raiseOf(short, worst)),
    };
    const id = `money.stopped.${short.name}.${at}`;
    const said = { id, type: 'money.stopped' as const, source: call.agent, data: stop };
    return (await this.#write(said)) ? stop : undefined;
  }

  async #raise({ purse, raise, question, at }: Stop, by: string): Promise<void> {
    const id = `money.raised.${purse}.${at}`;
    const data = { purse, amount: raise, question, by };
    while (this.#books.stopOf(purse)?.at === at) {
      await this.#write({ id, type: 'money.raised', source: 'supervisor', data });
    }
  }

  async #warn(caps: readonly Capped[]): Promise<void> {
    for (const { name, used, cap } of caps) {
      const data = { purse: name, used: dollars(used), cap: dollars(cap) };
      const said = { id: `money.warned.${name}`, type: 'money.warned' as const, source: 'supervisor', data };
      while (!this.#books.warned(name)) await this.#write(said);
    }
  }

  /** Writes after what the books hold and takes it into them. False: somebody else wrote first, and is in the books now. */
  async #write(said: Draft): Promise<boolean> {
    const books = this.#books;
    try {
      const options = { expectedLastSeq: books.seq };
      const { seq, duplicate } = await this.#ports.bus.publish(subjects.money, said, options);
      if (!duplicate) {
        books.told({ subject: subjects.money, ...said }, seq);
        return true;
      }
    } catch (error) {
      if (!(error instanceof StaleWrite)) throw error;
    }
    await this.#catchUp();
    // Our own write whose confirmation was lost, or somebody else's of the same name.
    return said.type === 'money.reserved' && reservationsIn(said.data).every((call) => isOurs(books, call));
  }

  async #catchUp(): Promise<void> {
    const books = this.#books;
    const range = { filter: subjects.money, fromSeq: books.seq + 1 };
    const foreign = (one: { seq: number; reason: string }) => books.foreign(one.seq, one.reason);
    for await (const { message, seq } of this.#ports.bus.replay({ ...range, foreign })) books.told(message, seq);
  }

  /** A settlement that cannot be read gives nothing back. True when there was one that the books did not have. */
  async #catchUpEnds(): Promise<boolean> {
    const books = this.#books;
    const before = books.endsSeq;
    const range = { filter: subjects.moneyEnds, fromSeq: before + 1 };
    for await (const { message, seq } of this.#ports.bus.replay(range)) books.told(message, seq);
    return books.endsSeq > before;
  }
}
