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
  const counts = new Map<string, number>();
  const wanted = given && new Map(given.map((one) => [`${one.fault} ${one.at} ${one.nth}`, one.value]));
  const strikes: Strike[] = [];
  let calmed = false;
  return {
    decide(fault, at, draw) {
      const place = `${fault} ${at}`;
      const nth = (counts.get(place) ?? 0) + 1;
      counts.set(place, nth);
      if (calmed) return undefined;
      const value = wanted ? wanted.get(`${place} ${nth}`) : draw();
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
