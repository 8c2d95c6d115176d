// Where money is spent: reserved at its worst case before, settled at its cost after. The one way in which anything of the
// company costs something.
//
// Invariants:
//   D1. A call is made after its reservation is on the stream (till.ts), and after the start of the work it is made for.
//   D2. A question that is asked again after a crash is another call, with a reservation of its own.
//   D3. A settlement waits for nobody, since it only gives money back, and nobody waits for it: until it is on the stream, the
//       worst case counts. A wallet is called empty by someone who has seen every settlement.

import { ModelFailure } from '../../brain/models/model.ts';
import type { Turn } from '../../bus/clock.ts';
import { BusFailure, reasonOf } from '../../bus/errors.ts';
import type { Draft } from '../../bus/messages.ts';
import type { Stop } from '../../bus/money.ts';
import type { Usage } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { dollars, micro, periodEnd } from '../../machines/wallet.ts';
import { WorkFailure } from '../duty.ts';
import type { Ports } from '../ports.ts';
import { askForMoney, OutOfMoney, spanOf } from './asking.ts';
import type { LiveBooks } from './books.ts';
import { raisedBy } from './caps.ts';
import { type Call, charged, type Held } from './entries.ts';
import { Till } from './till.ts';

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
  readonly #till: Till;
  /** Who waits for money. */
  readonly #parked = new Set<() => void>();
  /** Settlements that are under way. */
  readonly #settling = new Set<Promise<void>>();

  constructor(ports: DeskPorts) {
    this.#ports = ports;
    this.#books = ports.board.books;
    this.#till = new Till(ports, (held) => this.#later(() => this.#refund(held, 'nobody waits for it any more')));
  }

  async during<T extends Paid>(call: Call, run: () => Promise<T>): Promise<T> {
    const held = await this.#reserve(call);
    await call.started().catch((error: unknown) => {
      this.#later(() => this.#refund(held, `its work has not started: ${reasonOf(error)}`));
      throw error;
    });
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
    await this.#till.raise(stop, by, turn);
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
    const found = await this.#till.reserve(call);
    if ('id' in found) return found;
    // For somebody else's work nobody is asked, and nobody waits.
    await call.started();
    await askForMoney(this.#ports, found, call);
    throw new OutOfMoney(found);
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
    await this.#till.warn(held.caps);
  }

  /**
   * Goes on beside the work, outside its turn: a settlement that waits for the stream must not hold the work, nor be held by
   * it. What cannot be written leaves the worst case in the books.
   */
  #later(settle: () => Promise<void>): void {
    const settled = this.#ports.clock
      .pause(settle)
      .catch((error: unknown) => {
        // A full stream is said by whoever watches it, once.
        if (error instanceof BusFailure && error.code === 'STORAGE_FULL') return;
        this.#ports.log('warn', `a call is not settled: ${reasonOf(error)}`);
      })
      .finally(() => this.#settling.delete(settled));
    this.#settling.add(settled);
  }
}
