// Repeatable chance: mulberry32. One seed, one row of numbers.

export type Chance = {
  /** In [0, 1). */
  next(): number;
  /** True with this probability. */
  strikes(probability: number): boolean;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
};

export function createChance(seed: number): Chance {
  // Neighbouring seeds must not give neighbouring rows.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    strikes: (probability) => next() < probability,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
  };
}
