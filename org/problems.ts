// What is wrong with a company file, and where: `org.yaml:6:11 backend.duties[0] "write-cod" is no duty; did you mean
// "write-code"?`. All problems are reported at once, in the order of the file.

import { HeadcountError } from '../bus/errors.ts';

/** A way into the file: `['reports', 'ceo', 'reports', 'cto', 'duties', 0]`. */
export type Keys = readonly (string | number)[];

/** 1-based. */
export type Place = { readonly line: number; readonly column: number };

export type Problem = {
  readonly file: string;
  /** Unknown for what was not read from text (a patch). */
  readonly place: Place | undefined;
  /**
   * Where in the company, independent of who reports to whom: `['roles', 'backend', 'duties', 0]` or `['retry', 'waits']`.
   * A patch (overlay.ts) has this form, so whoever read the patch can find its line.
   */
  readonly keys: Keys;
  /** Starts with the value it is about, when it is about one. */
  readonly message: string;
};

/** What is wrong with a company file; `problems` holds each, `message` all of them, one a line. */
export class OrgInvalid extends HeadcountError {
  override readonly name = 'OrgInvalid';
  readonly problems: readonly Problem[];

  /** @param next what to do; about the file of the first problem unless told */
  constructor(problems: readonly Problem[], next?: string) {
    const file = problems[0]?.file ?? 'the company file';
    super(
      'ORG_INVALID',
      problems.map(formatProblem).join('\n'),
      next ?? `correct ${file}; \`headcount org check ${file}\` looks again`,
      { exit: 3 },
    );
    this.problems = problems;
  }
}

/** The company file cannot be read at all. */
export class OrgUnreadable extends HeadcountError {
  override readonly name = 'OrgUnreadable';
  constructor(file: string, cause: unknown) {
    super('ORG_UNREADABLE', `cannot read the company file ${file}`, 'check the path; the default is org/org.yaml', {
      exit: 3,
      cause,
    });
  }
}

/** One problem as one line. */
export function formatProblem({ file, place, keys, message }: Problem): string {
  const where = place === undefined ? file : `${file}:${place.line}:${place.column}`;
  return [where, formatKeys(keys), message].filter((part) => part !== '').join(' ');
}

/** Problems in the order of the file, the same one once; those without a place last. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const position = ({ place }: Problem) =>
    place === undefined ? Number.MAX_SAFE_INTEGER : place.line * 1e6 + place.column;
  const seen = new Set<string>();
  return problems
    .filter((problem) => {
      const line = formatProblem(problem);
      return !seen.has(line) && seen.add(line);
    })
    .sort((one, other) => position(one) - position(other));
}

/** The same place without the bosses above it. */
export function roleKeys(keys: Keys): Keys {
  let rest = keys;
  let role: string | number | undefined;
  while (rest[0] === 'reports' && rest[1] !== undefined) [, role, ...rest] = rest;
  return role === undefined ? rest : ['roles', role, ...rest];
}

/** `backend.duties[0]`, `retry.ladder[4]`. */
function formatKeys(keys: Keys): string {
  const shown = keys[0] === 'roles' && keys.length > 1 ? keys.slice(1) : keys;
  return shown
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^[\w-]+$/.test(key)) return `[${quote(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/** A value as an error shows it: JSON on one line, cut. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** `; did you mean "write-code"?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  return near === undefined ? '' : `; did you mean ${quote(near)}?`;
}

/** The candidate with the fewest edits, when those are few for the word's length (1 in 4, 2 in 5, 3 in 9); the first of equals. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = (word.length < 5 ? 1 : Math.max(2, Math.floor(Math.min(word.length, 30) / 3))) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= fewest) continue;
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

/** Letters to insert, delete, replace, or swap with their neighbour to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1;
      const swapped = row > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + same,
        swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, above] = [above, current];
  }
  return above[to.length] ?? 0;
}
