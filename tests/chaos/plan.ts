// What happens to a company, and when: drawn from one seed, before anything runs.

/** Events of two minutes, about: how often each kind is drawn among the others. */
const weights = {
  'kill worker': 4,
  'restart worker': 6,
  'pause worker': 2,
  'resume worker': 10,
  'server away': 1,
  delay: 2,
  cut: 2,
  partition: 2,
  heal: 10,
} satisfies Record<string, number>;

export type Kind = keyof typeof weights;
type Weights = Readonly<Record<Kind, number>>;

export type Blow = {
  /** After the start, ms. */
  readonly at: number;
  readonly kind: Kind;
  /** Which worker, counted from 0. */
  readonly worker: number;
  /** In [0, 1): how long, how late. */
  readonly force: number;
};

function totalOf(among: Weights): number {
  return Object.values(among).reduce((sum, weight) => sum + weight, 0);
}

/** Numbers in [0, 1) from one seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** On three nodes one may be away at any time, and nothing must stop. */
const onNodes: Weights = { ...weights, 'server away': 8 };

function kindAt(point: number, among: Weights): Kind {
  let rest = point * totalOf(among);
  for (const [kind, weight] of Object.entries(among)) {
    rest -= weight;
    if (rest < 0) return kind as Kind;
  }
  return 'heal';
}

/** Blows for so long, in order. */
export function planBlows(seed: number, lengthMs: number, workers: number, nodes: number): Blow[] {
  const random = seeded(seed);
  const among = nodes > 1 ? onNodes : weights;
  const everyMs = 120_000 / totalOf(among);
  const blows: Blow[] = [];
  // Exponential distances: blows come in bursts, as they do.
  for (let at = 0; ; ) {
    at += -Math.log(1 - random()) * everyMs;
    if (at >= lengthMs) return blows;
    blows.push({ at, kind: kindAt(random(), among), worker: Math.floor(random() * workers), force: random() });
  }
}
