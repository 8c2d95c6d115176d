// When a tool loop goes in circles. Pure: it is told what was called and what came of it, and says when to end.

/** The same call on the same files: the third time it can bring nothing new. */
const SAME_CALL = 3;

/** A value as text, whatever the order of its keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

export class Repeats {
  readonly #idle: number;
  #state = '';
  #calls = new Map<string, number>();
  #turnsWithoutChange = 0;

  /** @param idle turns without any change after which a loop is over */
  constructor(idle: number) {
    this.#idle = idle;
  }

  /** Counts a call. Returns why the loop must end, or undefined. */
  called(name: string, input: unknown): string | undefined {
    const key = `${name} ${canonical(input)}`;
    const times = (this.#calls.get(key) ?? 0) + 1;
    this.#calls.set(key, times);
    if (times < SAME_CALL) return undefined;
    return `it goes in circles: ${name} with the same arguments ${times} times, and no file changed in between`;
  }

  /**
   * Counts a turn that has ended.
   * @param state the files as they now are with the last test result, as text: the same text, nothing has changed
   */
  ended(state: string): string | undefined {
    if (state !== this.#state) {
      this.#state = state;
      this.#turnsWithoutChange = 0;
      this.#calls = new Map();
      return undefined;
    }
    this.#turnsWithoutChange += 1;
    if (this.#turnsWithoutChange < this.#idle) return undefined;
    return `it goes in circles: ${this.#idle} turns without a change of files or of the test result`;
  }
}
