// Three-way merges in memory, by file and inside a file by lines, as git makes them; renames are not looked for.

import type { Files } from './objects.ts';

export type MergedFiles =
  | { readonly ok: true; readonly files: Files }
  | { readonly ok: false; readonly paths: readonly string[] };

/** For each line of `from`, which line of `to` it is in a longest common subsequence; -1 for none. */
function matches(from: readonly string[], to: readonly string[]): Int32Array {
  const matched = new Int32Array(from.length).fill(-1);
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) {
    matched[start] = start;
    start += 1;
  }
  let [endFrom, endTo] = [from.length, to.length];
  while (endFrom > start && endTo > start && from[endFrom - 1] === to[endTo - 1]) {
    endFrom -= 1;
    endTo -= 1;
    matched[endFrom] = endTo;
  }
  const [rows, columns] = [endFrom - start, endTo - start];
  const lengths = new Uint32Array((rows + 1) * (columns + 1));
  const at = (row: number, column: number) => lengths[row * (columns + 1) + column] ?? 0;
  for (let row = rows - 1; row >= 0; row -= 1) {
    for (let column = columns - 1; column >= 0; column -= 1) {
      const same = from[start + row] === to[start + column];
      lengths[row * (columns + 1) + column] = same
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    if (from[start + row] === to[start + column]) {
      matched[start + row] = start + column;
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return matched;
}

const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((line, index) => line === b[index]);

/** The merge of two changes of one text; undefined where they touch the same lines, or lines side by side. */
export function mergeTexts(base: string, ours: string, theirs: string): string | undefined {
  const [old, mine, other] = [base, ours, theirs].map((text) => text.split(/(?<=\n)/));
  if (!old || !mine || !other) return undefined;
  const [inMine, inOther] = [matches(old, mine), matches(old, other)];
  const merged: string[] = [];
  let [o, m, t] = [0, 0, 0];
  while (o <= old.length) {
    let next = o;
    while (next < old.length && ((inMine[next] ?? -1) < 0 || (inOther[next] ?? -1) < 0)) next += 1;
    const [endMine, endOther] = [inMine[next] ?? mine.length, inOther[next] ?? other.length];
    const [was, left, right] = [old.slice(o, next), mine.slice(m, endMine), other.slice(t, endOther)];
    if (same(left, was) || same(left, right)) merged.push(...right);
    else if (same(right, was)) merged.push(...left);
    else return undefined;
    if (next < old.length) merged.push(old[next] ?? '');
    [o, m, t] = [next + 1, endMine + 1, endOther + 1];
  }
  return merged.join('');
}

/** Merges two trees that go back to one. */
export function mergeFiles(base: Files, ours: Files, theirs: Files): MergedFiles {
  const files = new Map<string, string>();
  const conflicts: string[] = [];
  for (const path of [...new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])].sort()) {
    const [was, mine, other] = [base.get(path), ours.get(path), theirs.get(path)];
    const kept = mine === was ? other : other === was || other === mine ? mine : undefined;
    if (mine === was || other === was || mine === other) {
      if (kept !== undefined) files.set(path, kept);
      continue;
    }
    const merged =
      was === undefined || mine === undefined || other === undefined ? undefined : mergeTexts(was, mine, other);
    if (merged === undefined) conflicts.push(path);
    else files.set(path, merged);
  }
  // A file of one where the other has a folder.
  for (const path of files.keys()) {
    for (let cut = path.indexOf('/'); cut > 0; cut = path.indexOf('/', cut + 1)) {
      if (files.has(path.slice(0, cut))) conflicts.push(path.slice(0, cut));
    }
  }
  return conflicts.length === 0 ? { ok: true, files } : { ok: false, paths: [...new Set(conflicts)].sort() };
}
