// A repository at a glance: its paths, and of the files that were read, how large they are and what they declare. Pure.

/** Symbols shown of one file. */
const SYMBOLS = 12;

/** Declarations at the start of a line: JavaScript and TypeScript, Python, Go, Rust. Names are words, so nothing else gets through. */
const DECLARED =
  /^(?:export\s+)?(?:default\s+)?(?:pub(?:\([^)]*\))?\s+)?(?:async\s+)?(?:abstract\s+)?(?:function\*?|class|interface|type|enum|const|let|var|def|func|fn|struct|trait|impl)\s+([A-Za-z_$][\w$]*)/gm;

/** What a file declares at its top level, in order, each once. */
export function symbolsOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(DECLARED)].map(([, name = '']) => name))];
}

/**
 * One line a file.
 * @param paths in the order in which they are shown
 * @param read contents of the files that were read; the others are shown by their path
 */
export function repositoryMap(paths: readonly string[], read: ReadonlyMap<string, string>): string {
  return paths
    .map((path) => {
      const text = read.get(path);
      if (text === undefined) return path;
      const symbols = symbolsOf(text);
      const more = symbols.length > SYMBOLS ? [`and ${symbols.length - SYMBOLS} more`] : [];
      const declares = [...symbols.slice(0, SYMBOLS), ...more].join(', ');
      return `${path} (${Buffer.byteLength(text)} bytes)${declares === '' ? '' : `: ${declares}`}`;
    })
    .join('\n');
}
