// Every call that money was set aside for, with what became of it: the ledger of money as rows.

import type { Stored } from '../../bus/bus.ts';
import { type Reservation, reservationsIn } from '../../bus/money.ts';

export type CallRow = Pick<Reservation, 'call' | 'role' | 'agent' | 'task' | 'goal' | 'about' | 'purpose' | 'at'> & {
  /** `open`: reserved, and not settled. */
  readonly state: 'open' | 'settled' | 'refunded';
  /** US dollars: what was settled, the worst case of an open one, nothing for a refunded one. */
  readonly cost: number;
  /** True when nobody said what was used: an estimate, or the worst case. */
  readonly estimated: boolean;
  /** The model that answered; of an open call, the one it was meant for, where that is known. */
  readonly model: string | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

function opened({ call, role, agent, task, goal, about, purpose, at, worst, model }: Reservation): CallRow {
  const what = { call, role, agent, task, goal, about, purpose, at, model };
  return { ...what, state: 'open', cost: worst, estimated: true, inputTokens: 0, outputTokens: 0 };
}

/** In the order of their reservations. Pure. */
export function callsOf(history: readonly Stored[]): readonly CallRow[] {
  const rows = new Map<string, CallRow>();
  for (const { message } of history) {
    if (message.type === 'money.reserved') {
      for (const reserved of reservationsIn(message.data)) rows.set(reserved.call, opened(reserved));
    } else if (message.type === 'money.settled') {
      const { call, cost, usage } = message.data;
      const row = rows.get(call);
      if (!row) continue;
      const { model = row.model, inputTokens = 0, outputTokens = 0, estimated = usage === undefined } = usage ?? {};
      rows.set(call, { ...row, state: 'settled', cost, model, inputTokens, outputTokens, estimated });
    } else if (message.type === 'money.refunded') {
      const row = rows.get(message.data.call);
      if (row) rows.set(row.call, { ...row, state: 'refunded', cost: 0, estimated: false });
    }
  }
  return [...rows.values()];
}
