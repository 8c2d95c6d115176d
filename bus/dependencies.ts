// Which task waits for which. Pure.

/** A task that is planned: its key, and the keys of those it comes after. */
type Waiting = { readonly key: string; readonly after: readonly string[] };

/** A circle of tasks that wait for each other as their keys, the first one repeated at the end; undefined when there is none. */
export function cycleIn(planned: readonly Waiting[]): readonly string[] | undefined {
  const inputs = new Map(planned.map((task) => [task.key, task.after]));
  const cleared = new Set<string>();

  function walk(key: string, path: readonly string[]): readonly string[] | undefined {
    if (path.includes(key)) return [...path.slice(path.indexOf(key)), key];
    if (cleared.has(key)) return undefined;
    for (const input of inputs.get(key) ?? []) {
      const cycle = walk(input, [...path, key]);
      if (cycle) return cycle;
    }
    cleared.add(key);
    return undefined;
  }

  for (const { key } of planned) {
    const cycle = walk(key, []);
    if (cycle) return cycle;
  }
  return undefined;
}
