const DAY_MS = 86_400_000;

/** A guest book: newest entry first. */
export function openBook() {
  let entries = [];
  return {
    /** Keeps an entry; undefined when a name or a line is missing. */
    sign(name, line, now) {
      if (name.trim() === '' || line.trim() === '') return undefined;
      const entry = { name: name.trim(), line: line.trim(), at: now };
      entries = [entry, ...entries];
      return entry;
    },
    entries: () => entries,
    /** Forgets what is older than so many days, and everything by a name when one is given. */
    forget(now, { days = 30, name } = {}) {
      entries = entries.filter((entry) => entry.at > now - days * DAY_MS && entry.name !== name);
    },
  };
}
