// One order from two: by words and by vectors. Each list gives its places points that fall with the place (reciprocal rank
// fusion), so that scores which cannot be compared need not be. The constant 60 is that of Cormack, Clarke and Buettcher,
// "Reciprocal Rank Fusion outperforms Condorcet", SIGIR 2009.

const FLATTEN = 60;

export type Ranked = { readonly ids: readonly number[]; readonly weight: number };

/** Ids by their points over all lists, best first; ties in the order of the first list that has them. Pure. */
export function fused(lists: readonly Ranked[]): number[] {
  const points = new Map<number, number>();
  for (const { ids, weight } of lists) {
    for (const [place, id] of ids.entries()) points.set(id, (points.get(id) ?? 0) + weight / (FLATTEN + place + 1));
  }
  return [...points].toSorted(([, one], [, other]) => other - one).map(([id]) => id);
}
