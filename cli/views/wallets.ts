// Which wallets have a cap now, and which of them are nearly empty, read from the stream: reservations name the caps that
// held when they were made.

import { spanOf } from '../../actors/money/asking.ts';
import { createBooks } from '../../actors/money/books.ts';
import type { Stored } from '../../bus/bus.ts';
import { reservationsIn } from '../../bus/money.ts';
import { dollars, micro, periodEnd } from '../../machines/wallet.ts';

export type LowWallet = {
  readonly purse: string;
  readonly used: number;
  readonly cap: number;
  /** True when a call did not fit, and nobody has raised the cap since. */
  readonly empty: boolean;
};

export type Wallets = {
  /** The company's wallet of this day, where it has a cap. */
  readonly today: { readonly used: number; readonly cap: number } | undefined;
  readonly low: readonly LowWallet[];
};

/** @param now epoch ms; wallets of days and months that are over are left out */
export function walletsIn(history: readonly Stored[], now: number): Wallets {
  const books = createBooks();
  const caps = new Map<string, { cap: number; at: number }>();
  const warned = new Set<string>();
  for (const { message, seq } of history) {
    if (!message.type.startsWith('money.')) continue;
    books.told(message, seq);
    if (message.type === 'money.reserved') {
      for (const call of reservationsIn(message.data)) {
        for (const [purse, cap] of Object.entries(call.caps)) caps.set(purse, { cap, at: call.at });
      }
    } else if (message.type === 'money.stopped') caps.set(message.data.purse, message.data);
    else if (message.type === 'money.warned') warned.add(message.data.purse);
    else if (message.type === 'money.raised') {
      const { purse, amount } = message.data;
      const known = caps.get(purse);
      if (known) caps.set(purse, { ...known, cap: dollars(micro(known.cap) + micro(amount)) });
    }
  }
  const current = [...caps]
    .filter(([purse, { at }]) => now < (periodEnd(spanOf(purse), at) ?? Number.POSITIVE_INFINITY))
    .map(([purse, { cap }]) => ({ purse, cap, used: dollars(books.used(purse)) }));
  return {
    today: current.find(({ purse }) => purse.startsWith('company.day.')),
    low: current
      .map((wallet) => ({ ...wallet, empty: books.stopOf(wallet.purse) !== undefined }))
      .filter(({ purse, empty }) => spanOf(purse) !== 'whole' && (empty || warned.has(purse))),
  };
}
