// One order from two: by words and by vectors. Their scores cannot be compared, so each counts as a share of the best one of
// its kind. Places alone (reciprocal rank fusion) did worse here: they forget how far the first is in front.

/**
 * Scores of all passages together; one below zero counts as zero. Pure.
 * @param weight of the closeness beside the words; 1: as much
 */
export function blended(words: ArrayLike<number>, closeness: ArrayLike<number>, weight: number): Float32Array {
  const [mostWords, mostClose] = [highest(words), highest(closeness)];
  const scores = new Float32Array(words.length);
  for (let id = 0; id < scores.length; id += 1) {
    const near = Math.max(0, closeness[id] ?? 0) / mostClose;
    scores[id] = Math.max(0, words[id] ?? 0) / mostWords + weight * near;
  }
  return scores;
}

/** At least so much that dividing by it is safe. */
function highest(scores: ArrayLike<number>): number {
  let most = 1e-9;
  for (let id = 0; id < scores.length; id += 1) most = Math.max(most, scores[id] ?? 0);
  return most;
}
