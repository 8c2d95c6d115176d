// Where money is spent: reserved at its worst case before, settled at its cost after. The one way in which anything of the
// company costs something.
//
// Invariants:
//   D1. A call is made after its reservation is on the stream, and a reservation is written by someone who has seen every
//       message of `money.calls` before it (expected sequence). So however many processes spend at once, all wallets hold.
//   D2. One write of this process on `money.calls` is under way at a time; the others wait in line, outside their turns.
//   D3. A question that is asked again after a crash is another call, with a reservation of its own.
//   D4. A settlement waits for nobody, since it only gives money back, and nobody waits for it: until it is on the stream, the
//       worst case counts. A wallet is called empty by someone who has seen every settlement.

import { ModelFailure } from '../../brain/models/model.ts';
import type { Turn } from '../../bus/clock.ts';
import { reasonOf, StaleWrite } from '../../bus/errors.ts';
import type { Draft } from '../../bus/messages.ts';
import type { Stop } from '../../bus/money.ts';
import type { Usage } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { type Capped, dollars, micro, nearlyEmpty, periodEnd, raiseOf, shortOf } from '../../machines/wallet.ts';
import { WorkFailure } from '../duty.ts';
import type { Ports } from '../ports.ts';
import { askForMoney, OutOfMoney, questionOf, spanOf } from './asking.ts';
import { callOf, type LiveBooks } from './books.ts';
import { cappedOf, raisedBy } from './caps.ts';
import { type Call, charged, type Held, isOurs, payerOf, reservation, unknown } from './entries.ts';
import { Line } from './line.ts';

/** What a call came to. Without usage its worst case is charged. */
export type Paid = { readonly usage?: Usage | undefined };

export interface Money {
  /**
   * Makes a call for which there is money: reserves `call.worst`, runs, and settles what `usage` says. The result carries the
   * usage as it was charged. A ModelFailure without usage cost nothing; any other failure without usage costs the worst.
   * Throws OutOfMoney when a wallet is empty until some instant or answer; WalletEmpty when its lineage or task has no money
   * left; and whatever `run` throws, with the usage as it was charged.
   */
  during<T extends Paid>(call: Call, run: () => Promise<T>): Promise<T>;
  /** Records that a person raised a cap, so that what is begun next finds it raised. Repeatable. */
  raise(stop: Stop, turn: Turn): Promise<void>;
  /**
   * Waits until there may be money again: a person has raised the cap, the org chart has changed, or the period is over.
   * Rejects with the signal's reason.
   */
  untilFunded(stop: Stop, turn: Turn, signal: AbortSignal): Promise<void>;
  /** Has everybody who waits for money look again: the org chart has changed. */
  lookAgain(): void;
  /** Waits for what is not on the stream yet. */
  close(): Promise<void>;
}

/** Why somebody stops waiting for money. */
const LOOK_AGAIN = new Error('there may be money again');

type DeskPorts = Pick<Ports, 'bus' | 'clock' | 'org' | 'log'> & { readonly board: Ports['board'] };

export function openMoney(ports: DeskPorts): Money {
  return new Desk(ports);
}

class Desk implements Money {
  readonly #ports: DeskPorts;
  readonly #books: LiveBooks;
  readonly #line = new Line();
  /** Who waits for money. */
  readonly #parked = new Set<() => void>();
  /** Settlements that are under way. */
  readonly #settling = new Set<Promise<void>>();

  constructor(ports: DeskPorts) {
    this.#ports = ports;
    this.#books = ports.board.books;
  }

  async during<T extends Paid>(call: Call, run: () => Promise<T>): Promise<T> {
    const held = await this.#reserve(call);
    try {
      const result = await run();
      const usage = charged(result.usage, held.worst);
      this.#later(() => this.#settle(held, usage, call.purpose));
      return { ...result, usage };
    } catch (error) {
      throw this.#failed(held, call, error);
    }
  }

  async raise(stop: Stop, turn: Turn): Promise<void> {
    const by = raisedBy(this.#ports.board, stop);
    if (by === undefined) return;
    await this.#line.stand(turn, () => this.#raise(stop, by));
  }

  async untilFunded(stop: Stop, turn: Turn, signal: AbortSignal): Promise<void> {
    const { board, clock } = this.#ports;
    const end = periodEnd(spanOf(stop.purse), stop.at) ?? turn.now();
    const isFunded = () => board.books.stopOf(stop.purse)?.at !== stop.at || raisedBy(board, stop) !== undefined;
    if (isFunded() || turn.now() >= end) return signal.throwIfAborted();
    const awake = new AbortController();
    const wake = () => awake.abort(LOOK_AGAIN);
    const unwatch = board.watch(() => isFunded() && wake());
    this.#parked.add(wake);
    try {
      await turn.pause(() => clock.sleepUntil(end, AbortSignal.any([signal, awake.signal])));
    } catch (error) {
      if (error !== LOOK_AGAIN) throw error;
    } finally {
      unwatch();
      this.#parked.delete(wake);
    }
  }

  lookAgain(): void {
    for (const wake of this.#parked) wake();
  }

  async close(): Promise<void> {
    await Promise.all(this.#settling);
  }

  /** Settles a failed call; gives the error with what was charged. */
  #failed(held: Held, { purpose }: Call, error: unknown): unknown {
    if (error instanceof ModelFailure && !error.usage) {
      this.#later(() => this.#refund(held, error.message));
      return error;
    }
    const told = error instanceof ModelFailure || error instanceof WorkFailure ? error.usage : undefined;
    const usage = told && charged(told, held.worst);
    this.#later(() => this.#settle(held, usage, purpose));
    if (!usage) return error;
    if (error instanceof ModelFailure) return new ModelFailure(error.failure, usage);
    return error instanceof WorkFailure ? new WorkFailure(error.failure, usage) : error;
  }

  async #reserve(call: Call): Promise<Held> {
    const found = await this.#line.stand(call.turn, () => this.#reserveNow(call));
    if ('id' in found) return found;
    await askForMoney(this.#ports, found, call);
    throw new OutOfMoney(found);
  }

  /** Decides over the books as they are up to the last message, and writes what it decided. */
  async #reserveNow(call: Call): Promise<Held | Stop> {
    const books = this.#books;
    for (;;) {
      if (books.unreadable) throw new WorkFailure(unknown(books.unreadable));
      const at = call.turn.now();
      const payer = payerOf(call, this.#ports.org());
      const caps = cappedOf(this.#ports.org(), call.role, payer, at, books);
      const worst = micro(call.worst);
      const short = shortOf(caps, worst);
      if (short) {
        if (await this.#catchUpEnds()) continue;
        const stop = await this.#stop(short, worst, call, at);
        if (stop) return stop;
        continue;
      }
      const id = callOf(call.id, books.tries(call.id) + 1);
      const held = { id, worst, caps, agent: call.agent };
      const served = call.task ?? this.#ports.board.byKey(call.about);
      if (await this.#write(reservation(held, call, payer, at, served))) return held;
    }
  }

  /** Records that a purse is empty; undefined when the books have moved on, or a person raises the cap. */
  async #stop(short: Capped, worst: number, call: Call, at: number): Promise<Stop | undefined> {
    const last = this.#books.stopOf(short.name);
    const by = last && raisedBy(this.#ports.board, last);
    if (last && by !== undefined) return void (await this.#raise(last, by));
    // The cap may have been changed in org.yaml since.
    if (last && last.cap === dollars(short.cap)) return last;
    const stop: Stop = {
      purse: short.name,
      at,
      used: dollars(short.used),
      cap: dollars(short.cap),
      worst: dollars(worst),
      question: questionOf(short, call, this.#ports.board),
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

  async #settle(held: Held, usage: Usage | undefined, purpose: string): Promise<void> {
    const cost = usage?.cost ?? dollars(held.worst);
    if (micro(cost) > held.worst) {
      this.#ports.log(
        'warn',
        `${held.id} cost $${cost}, more than the $${dollars(held.worst)} that ${purpose} was to cost`,
      );
    }
    const data = { call: held.id, cost, ...(usage === undefined ? {} : { usage }) };
    await this.#end(held, { id: `money.${held.id}.settled`, type: 'money.settled', source: held.agent, data });
  }

  #refund(held: Held, reason: string): Promise<void> {
    const data = { call: held.id, reason };
    return this.#end(held, { id: `money.${held.id}.refunded`, type: 'money.refunded', source: held.agent, data });
  }

  /** Writes the end of a call, and the warnings that it is cause for. */
  async #end(held: Held, said: Draft<'money.settled'> | Draft<'money.refunded'>): Promise<void> {
    await this.#ports.bus.publish(subjects.moneyEnds, said);
    this.#books.ended(said);
    const unwarned = this.#unwarned(held.caps);
    if (unwarned.length > 0) await this.#line.stand(undefined, () => this.#warn(unwarned));
  }

  #unwarned(caps: readonly Capped[]): readonly Capped[] {
    const books = this.#books;
    const now = caps.map((purse) => ({ ...purse, used: books.used(purse.name) }));
    return nearlyEmpty(now, this.#ports.org().budget.warn).filter(({ name }) => !books.warned(name));
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
        books.told({ ...said, subject: subjects.money }, seq);
        return true;
      }
    } catch (error) {
      if (!(error instanceof StaleWrite)) throw error;
    }
    await this.#catchUp();
    // Our own write whose confirmation was lost, or somebody else's of the same name.
    return said.type === 'money.reserved' && isOurs(books, said.data);
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

  /**
   * Goes on beside the work, outside its turn: a settlement that waits for the stream must not hold the work, nor be held by
   * it. What cannot be written leaves the worst case in the books.
   */
  #later(settle: () => Promise<void>): void {
    const settled = this.#ports.clock
      .pause(settle)
      .catch((error: unknown) => this.#ports.log('warn', `a call is not settled: ${reasonOf(error)}`))
      .finally(() => this.#settling.delete(settled));
    this.#settling.add(settled);
  }
}
