// The answer to a request, awaited on the subject that the request names.

import type { Bus, Stored } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import type { DataOf } from '../bus/messages.ts';

/** The first answer on a subject, or undefined at the deadline (epoch ms). Rejects when `signal` is aborted. */
export async function awaitAnswer(
  bus: Bus,
  clock: Clock,
  subject: string,
  deadline: number,
  signal: AbortSignal,
): Promise<DataOf<'request.answered'> | undefined> {
  const given = answerIn(await bus.last(subject));
  if (given) return given;
  const over = new AbortController();
  let heard = (_: DataOf<'request.answered'>) => {};
  const answered = new Promise<DataOf<'request.answered'>>((resolve) => {
    heard = resolve;
  });
  const tap = await bus.tap({ filter: subject, fromSeq: 1 }, (stored) => {
    const answer = answerIn(stored);
    if (answer) heard(answer);
  });
  try {
    const late = clock.sleepUntil(deadline, AbortSignal.any([signal, over.signal])).then(() => undefined);
    return await Promise.race([answered, late]);
  } finally {
    over.abort(new Error('answered'));
    await tap.close();
  }
}

function answerIn(stored: Stored | undefined): DataOf<'request.answered'> | undefined {
  return stored?.message.type === 'request.answered' ? stored.message.data : undefined;
}
