// Pausing a running company and letting it go on, from another terminal: a message it obeys, and its answer.

import type { Bus, Stored } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';

export type Switched = {
  /** As the company said it; undefined when it has not answered. */
  readonly state: string | undefined;
  /** False when it was so already. */
  readonly changed: boolean;
};

/** Asks the company for a state and waits for it to say so, at most until `signal`. Throws StaleWrite, BusFailure. */
export async function switchCompany(
  bus: Bus,
  state: 'paused' | 'running',
  { by, reason }: { readonly by: string; readonly reason: string },
  signal: AbortSignal,
): Promise<Switched> {
  const subject = subjects.control('company');
  const last = await bus.last(subject);
  if (last && saidBySupervisor(last) === state) return { state, changed: false };
  const seq = last?.seq ?? 0;
  let heard: (state: string | undefined) => void = () => {};
  const answer = new Promise<string | undefined>((resolve) => {
    heard = resolve;
  });
  signal.addEventListener('abort', () => heard(undefined), { once: true });
  const tap = await bus.tap({ filter: subject, fromSeq: seq + 1 }, (stored) => {
    const said = saidBySupervisor(stored);
    if (said !== undefined) heard(said);
  });
  try {
    await bus.publish(
      subject,
      {
        id: `control.company.${seq}.${state}`,
        type: 'control.changed',
        source: 'operator',
        data: { scope: 'company', state, by, reason },
      },
      { expectedLastSeq: seq },
    );
    return { state: await answer, changed: true };
  } finally {
    await tap.close();
  }
}

/** What an operator asks for is no state yet; the supervisor says what is so. */
function saidBySupervisor({ message }: Stored): string | undefined {
  return message.type === 'control.changed' && message.source === 'supervisor' ? message.data.state : undefined;
}
