// Whose time a company goes on in: the wall's, unless its own is ahead of that (it ran faster) or was simulated (it was
// imported or forked from a scenario, whose deadlines mean nothing on the wall).

import type { Bus, Stored } from '../bus/bus.ts';
import type { RealClock } from '../bus/clock.ts';
import { isSimulated, timeOf } from './views/history.ts';

/** Sets a clock to where a company's time stands. Call it before anything is said in it. */
export async function keepItsTime(bus: Bus, clock: Pick<RealClock, 'catchUp' | 'fallBack'>): Promise<void> {
  const { lastSeq } = await bus.info();
  const [first, last] = [await storedAt(bus, 1), await storedAt(bus, lastSeq)];
  if (first === undefined || last === undefined) return;
  if (isSimulated([first])) clock.fallBack(timeOf(last.message));
  clock.catchUp(timeOf(last.message));
}

/** The message at a sequence; undefined when there is none, or none that can be read. */
export async function storedAt(bus: Bus, seq: number): Promise<Stored | undefined> {
  for await (const stored of bus.replay({ filter: '>', fromSeq: seq, untilSeq: seq, foreign: () => {} })) {
    return stored;
  }
  return undefined;
}
