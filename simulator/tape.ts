// What went wrong in a run, as a list: each strike names what it struck, so that the list alone repeats the run, and a part
// of the list is a smaller run. In a hunt chance decides and the tape records; in a repeat the tape decides.

import type { Strike } from '../scenarios/events.ts';

/** What a fault does where it strikes: a number (usually ms) or a word. */
type Value = Strike['value'];

export type Tape = {
  /**
   * Asks whether a fault strikes here.
   * @param at what it would strike: the id of a message, a question, a step
   * @param draw asked in a hunt only; undefined: it does not strike
   */
  decide(fault: string, at: string, draw: () => Value | undefined): Value | undefined;
  /** From now on nothing strikes. */
  calm(): void;
  readonly calmed: boolean;
  /** What has struck so far, in order. */
  readonly strikes: readonly Strike[];
};

/**
 * @param given the strikes of a repeat; undefined in a hunt
 */
export function createTape(given?: readonly Strike[]): Tape {
  /** How often each fault was asked about at each place. */
  const counts = new Map<string, Map<string, number>>();
  const wanted = given && new Map(given.map((one) => [`${one.fault} ${one.at} ${one.nth}`, one.value]));
  const strikes: Strike[] = [];
  let calmed = false;
  return {
    decide(fault, at, draw) {
      if (calmed) return undefined;
      const places = counts.get(fault) ?? new Map<string, number>();
      const nth = (places.get(at) ?? 0) + 1;
      if (nth === 1 && places.size === 0) counts.set(fault, places);
      places.set(at, nth);
      const value = wanted ? wanted.get(`${fault} ${at} ${nth}`) : draw();
      if (value !== undefined) strikes.push({ fault, at, nth, value });
      return value;
    },
    calm() {
      calmed = true;
    },
    get calmed() {
      return calmed;
    },
    strikes,
  };
}
