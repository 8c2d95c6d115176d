// What a watcher sees of a tool call while it comes: its name at once, and its first argument, a path mostly, when that is whole. A
// value that is cut could show a half of a secret that nobody recognises.

/** Longest first argument that is shown, in characters. */
const LONGEST = 120;

const FIRST = new RegExp(`^\\s*\\{\\s*"[^"\\\\]*"\\s*:\\s*("(?:[^"\\\\]|\\\\.){1,${LONGEST}}")`);
/** Where no first argument has ended by then, there is none to show. */
const HOPELESS = 2 * LONGEST;

export class ShownCall {
  #begun: string | undefined = '';
  readonly name: string;

  constructor(name: string) {
    this.name = `\n[${name}] `;
  }

  /** Takes a part of its arguments (JSON). Returns its first one, once. */
  more(part: string): string | undefined {
    if (this.#begun === undefined) return undefined;
    this.#begun += part;
    const [, first] = FIRST.exec(this.#begun) ?? [];
    if (first !== undefined || this.#begun.length > HOPELESS) this.#begun = undefined;
    return first === undefined ? undefined : textOf(first);
  }
}

function textOf(json: string): string | undefined {
  try {
    return String(JSON.parse(json));
  } catch {
    return undefined;
  }
}
