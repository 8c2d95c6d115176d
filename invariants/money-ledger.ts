// What the auditor knows of money: its own fold of `money.calls` and `money.ends`, apart from the books of a running company
// (actors/money/books.ts), so that a fault in one is not a fault in both. Millionths of a dollar.

import type { Message } from '../bus/messages.ts';
import { type Reservation, reservationsIn } from '../bus/money.ts';

/** Sums of fractions must not drift; what costs something is never nothing. */
export const micro = (dollars: number) => Math.ceil(dollars * 1e6 - 1e-4);

export type Ended = { readonly cost: number };

/** A call with what it may cost, and what it did once that is known: then whom it was charged to is not needed any more. */
export type Known = { readonly worst: number; open: Charge | undefined; end?: Ended };

/** The work that a call is for, and the purses that it draws on. */
type Charge = { readonly work: string; readonly drawn: readonly Drawn[] };

/** A purse that a call draws on, and whose it is. */
export type Drawn = {
  /** `role.backend.day.2026-01-05` */
  readonly purse: string;
  readonly kind: 'company' | 'team' | 'role' | 'lineage' | 'task';
  readonly name: string;
  readonly span: 'day' | 'month' | 'whole';
};

const DAY_MS = 86_400_000;

/** The day and the month of an instant as purses name them; those of the day that was asked for last are remembered. */
const periodsOf = (() => {
  let last = { number: Number.NaN, day: '', month: '' };
  return (at: number) => {
    const number = Math.floor(at / DAY_MS);
    if (number !== last.number) {
      const iso = new Date(at).toISOString();
      last = { number, day: iso.slice(0, 10), month: iso.slice(0, 7) };
    }
    return last;
  };
})();

/** Every purse that a call draws on. */
export function drawnBy(call: Reservation): readonly Drawn[] {
  const { day, month } = periodsOf(call.at);
  const drawn: Drawn[] = [];
  const periodic = (kind: 'company' | 'team' | 'role', name: string) => {
    const wallet = kind === 'company' ? kind : `${kind}.${name}`;
    drawn.push({ purse: `${wallet}.day.${day}`, kind, name, span: 'day' });
    drawn.push({ purse: `${wallet}.month.${month}`, kind, name, span: 'month' });
  };
  periodic('company', '');
  periodic('role', call.role);
  for (const name of call.teams) periodic('team', name);
  for (const kind of ['lineage', 'task'] as const) {
    const name = call[kind];
    if (name !== undefined) drawn.push({ purse: `${kind}.${name}`, kind, name, span: 'whole' });
  }
  return drawn;
}

export class MoneyLedger {
  readonly calls = new Map<string, Known>();
  /** By purse: what was settled, and the worst case of what was not. */
  readonly used = new Map<string, number>();
  /** By purse: what people have added to its cap. */
  readonly raised = new Map<string, number>();
  /** By work (natural key of a task, id of a job): what the ledger has charged it. */
  readonly charged = new Map<string, number>();
  /** Calls of a question. */
  readonly asked = new Map<string, Known[]>();

  fold(message: Message): void {
    switch (message.type) {
      case 'money.reserved':
        for (const call of reservationsIn(message.data)) this.#reserve(call);
        break;
      case 'money.settled':
        this.#end(message.data.call, micro(message.data.cost));
        break;
      case 'money.refunded':
        this.#end(message.data.call, 0);
        break;
      case 'money.raised': {
        const { purse, amount } = message.data;
        this.raised.set(purse, (this.raised.get(purse) ?? 0) + micro(amount));
      }
    }
  }

  #reserve(is: Reservation): void {
    const charge = { work: is.work, drawn: drawnBy(is) };
    const known: Known = { worst: micro(is.worst), open: charge };
    this.calls.set(is.call, known);
    const question = is.call.replace(/\.t\d+$/, '');
    this.asked.set(question, [...(this.asked.get(question) ?? []), known]);
    this.#charge(charge, known.worst);
  }

  #end(call: string, cost: number): void {
    const known = this.calls.get(call);
    if (!known?.open) return;
    this.#charge(known.open, cost - known.worst);
    known.end = { cost };
    known.open = undefined;
  }

  #charge({ work, drawn }: Charge, micros: number): void {
    for (const { purse } of drawn) this.used.set(purse, (this.used.get(purse) ?? 0) + micros);
    this.charged.set(work, (this.charged.get(work) ?? 0) + micros);
  }
}
