// Whose time a company goes on in: the wall's, unless its own is ahead of that (it ran faster) or was simulated (it was
// imported or forked from a scenario, whose deadlines mean nothing on the wall).

import type { Bus, Stored } from '../bus/bus.ts';
import type { RealClock } from '../bus/clock.ts';
import { isSimulated, timeOf } from './views/history.ts';

/** Sets a clock to where a company's time stands. Call it before anything is said. */
export async function keepItsTime(bus: Bus, clock: Pick<RealClock, 'catchUp' | 'fallBack'>): Promise<void> {
  const { lastSeq } = await bus.info();
  const [first, last] = [await at(bus, 1), await at(bus, lastSeq)];
  if (first === undefined || last === undefined) return;
  if (isSimulated([first])) clock.fallBack(timeOf(last.message));
  clock.catchUp(timeOf(last.message));
}

async function at(bus: Bus, seq: number): Promise<Stored | undefined> {
  for await (const stored of bus.replay({ filter: '>', fromSeq: seq, untilSeq: seq })) return stored;
  return undefined;
}
