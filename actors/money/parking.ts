// A turn that waits for money: the agent keeps its work, and its place in it, until there is some.

import type { Stop } from '../../bus/money.ts';
import type { AgentCommand, AgentEvent } from '../../machines/agent.ts';
import type { Held } from '../work.ts';

/** True for what asks a model, and may therefore find no money: it is simply done again, for its recorded steps stand. */
export function canWait({ type }: AgentCommand): boolean {
  return type === 'execute' || type === 'verify' || type === 'plan';
}

/** Rejects when the company closes: the delivery is given back, and waits with whoever runs next. */
export async function waitForMoney(
  { ports, turn, signal, closing }: Pick<Held, 'ports' | 'turn' | 'signal' | 'closing'>,
  stop: Stop | undefined,
): Promise<AgentEvent> {
  if (stop) await ports.money.untilFunded(stop, turn, AbortSignal.any([signal, closing]));
  return { type: 'FUNDED' };
}
