// Every kind of fault a simulated company can meet, and how often it comes.

import type { Chance } from './chance.ts';

/** In the order help texts list them. */
export const simulatedFaults = [
  'crash',
  'duplicate',
  'reorder',
  'delay',
  'drop-core',
  'partition',
  'redeliver-late',
  'stale-ack',
  'dedupe-forgotten',
  '429',
  'overload',
  'garbage',
  'truncated',
  'slow',
  'disk-full',
  'clock-jump',
] as const;

export type SimulatedFault = (typeof simulatedFaults)[number];

export function isSimulatedFault(word: string): word is SimulatedFault {
  return simulatedFaults.some((fault) => fault === word);
}

/** What one run meets of the faults it may meet: some of them, some of them often. */
export type Weather = {
  readonly kinds: readonly SimulatedFault[];
  /** How often, against the usual. */
  readonly rate: number;
  /** Processes of the company at once. */
  readonly processes: number;
  /** How long after the start everything is healed, ms. */
  readonly healAfterMs: number;
};

const HOUR_MS = 3_600_000;
const MOST_PROCESSES = 3;

/**
 * Draws the weather of a seed. A run with every fault at once hides what two of them do together, so each run has a part
 * of them.
 */
export function drawWeather(kinds: readonly SimulatedFault[], chance: Chance): Weather {
  const share = 0.2 + 0.8 * chance.next();
  const some = kinds.filter(() => chance.strikes(share));
  const rate = 0.25 * 2 ** (4 * chance.next());
  const processes = kinds.length === 0 ? 1 : chance.between(1, MOST_PROCESSES);
  const healAfterMs = kinds.length === 0 ? 0 : chance.between(1, 14) * HOUR_MS;
  const any = some.length === 0 ? kinds.slice(0, 1) : some;
  return { kinds: any, rate, processes, healAfterMs };
}
