// Every call that money was set aside for and what it came to, read from the ledger: what reports add up.

import type { Bus } from '../../bus/bus.ts';
import { type Reservation, reservationsIn } from '../../bus/money.ts';
import { dollars, micro } from '../../machines/wallet.ts';

/** A call that was not refused. */
export type Spend = Pick<Reservation, 'call' | 'at' | 'role' | 'task' | 'goal'> & {
  /** US dollars, in whole millionths as the wallets count them; the worst case of what nobody has settled. */
  readonly cost: number;
  readonly open: boolean;
};

const counted = (cost: number) => dollars(micro(cost));

/** The calls of a company, oldest first. */
export async function spendOf(bus: Pick<Bus, 'replay'>): Promise<readonly Spend[]> {
  const spends = new Map<string, Spend>();
  for await (const { message } of bus.replay({ filter: 'money.*' })) {
    if (message.type === 'money.reserved') {
      for (const { call, at, role, task, goal, worst } of reservationsIn(message.data)) {
        spends.set(call, { call, at, role, task, goal, cost: counted(worst), open: true });
      }
    } else if (message.type === 'money.settled') {
      const held = spends.get(message.data.call);
      if (held) spends.set(held.call, { ...held, cost: counted(message.data.cost), open: false });
    } else if (message.type === 'money.refunded') spends.delete(message.data.call);
  }
  return [...spends.values()];
}
