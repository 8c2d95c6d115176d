// The books: what `money.calls` and `money.ends` say, folded. A projection like the board, except that whoever reserves brings
// it up to the last message of `money.calls` first (desk.ts).
//
// Invariant:
//   B1. A purse has used what its settled calls cost and the worst case of its open ones. What nobody settles stays counted
//       in full, so that a crash can make a company spend too little and never too much.

import type { Draft, Message } from '../../bus/messages.ts';
import { type Reservation, reservationsIn, type Stop } from '../../bus/money.ts';
import { subjects } from '../../bus/subjects.ts';
import { micro, pursesOf } from '../../machines/wallet.ts';

/** A call that was reserved and is not settled yet. */
export type OpenCall = Reservation & { readonly purses: readonly string[] };

export interface Books {
  /** The last sequence of `money.calls` that is folded in. */
  readonly seq: number;
  /** The last sequence of `money.ends` up to which all are. */
  readonly endsSeq: number;
  /** The first message that this version cannot read; what was spent is then unknown. */
  readonly unreadable: { readonly seq: number; readonly reason: string } | undefined;
  /** Of all calls together, millionths of a dollar. */
  readonly total: number;
  /** Millionths of a dollar. */
  used(purse: string): number;
  /** By how much people have raised its cap, millionths. */
  raised(purse: string): number;
  warned(purse: string): boolean;
  /** The last stop of a purse, unless its cap was raised after it. */
  stopOf(purse: string): Stop | undefined;
  /** Every one of them. */
  stops(): readonly Stop[];
  /** How often a question was reserved for. */
  tries(question: string): number;
  open(call: string): OpenCall | undefined;
  /** Calls that are not settled. */
  openCalls(): readonly OpenCall[];
}

/** The folding side. */
export interface LiveBooks extends Books {
  /** The next message of `money.calls` or `money.ends`. What is already folded in is passed over. */
  told(message: Pick<Message, 'type' | 'data' | 'subject'>, seq: number): void;
  /** What this process has written on `money.ends` itself, before it comes back. */
  ended(said: Draft<'money.settled'> | Draft<'money.refunded'>): void;
  foreign(seq: number, reason: string): void;
}

/** A call is its question and the number of the try. */
export function callOf(question: string, attempt: number): string {
  return `${question}.t${attempt}`;
}

const TRY = /\.t(\d+)$/;

export function createBooks(): LiveBooks {
  const used = new Map<string, number>();
  const raised = new Map<string, number>();
  const warned = new Set<string>();
  const stops = new Map<string, Stop>();
  const tries = new Map<string, number>();
  const open = new Map<string, OpenCall>();
  let unreadable: Books['unreadable'];
  let last = 0;
  let ends = 0;
  let total = 0;

  const draw = (purses: readonly string[], micros: number) => {
    for (const purse of purses) used.set(purse, (used.get(purse) ?? 0) + micros);
  };

  function reserve(given: Reservation): void {
    const purses = pursesOf(given, given.at).map(({ name }) => name);
    draw(purses, micro(given.worst));
    total += micro(given.worst);
    open.set(given.call, { purses, ...given });
    const question = given.call.replace(TRY, '');
    tries.set(question, Math.max(tries.get(question) ?? 0, Number(TRY.exec(given.call)?.[1] ?? 1)));
  }

  function close(call: string, cost: number): void {
    const held = open.get(call);
    if (!held) return;
    draw(held.purses, micro(cost) - micro(held.worst));
    total += micro(cost) - micro(held.worst);
    open.delete(call);
  }

  function fold({ type, data }: Pick<Message, 'type' | 'data'>): void {
    const message = { type, data } as Message;
    switch (message.type) {
      case 'money.reserved':
        for (const call of reservationsIn(message.data)) reserve(call);
        break;
      case 'money.settled':
        close(message.data.call, message.data.cost);
        break;
      case 'money.refunded':
        close(message.data.call, 0);
        break;
      case 'money.warned':
        warned.add(message.data.purse);
        break;
      case 'money.stopped':
        stops.set(message.data.purse, message.data);
        break;
      case 'money.raised':
        raised.set(message.data.purse, (raised.get(message.data.purse) ?? 0) + micro(message.data.amount));
        stops.delete(message.data.purse);
    }
  }

  return {
    get seq() {
      return last;
    },
    get endsSeq() {
      return ends;
    },
    get unreadable() {
      return unreadable;
    },
    get total() {
      return total;
    },
    used: (purse) => used.get(purse) ?? 0,
    raised: (purse) => raised.get(purse) ?? 0,
    warned: (purse) => warned.has(purse),
    stopOf: (purse) => stops.get(purse),
    stops: () => [...stops.values()],
    tries: (question) => tries.get(question) ?? 0,
    open: (call) => open.get(call),
    openCalls: () => [...open.values()],
    told(message, seq) {
      if (message.subject === subjects.moneyEnds) {
        ends = Math.max(ends, seq);
        return fold(message);
      }
      if (seq <= last) return;
      last = seq;
      fold(message);
    },
    ended: fold,
    foreign(seq, reason) {
      if (seq <= last) return;
      last = seq;
      unreadable ??= { seq, reason };
    },
  };
}
