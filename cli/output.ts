// What the terminal gets. Text from outside (models, issues, repositories) goes through `clean` before it is printed: an
// escape sequence in a task's title must not move anybody's cursor.

import { relative } from 'node:path';
import colors from 'picocolors';
import { lettersOf, widthOf } from '../org/width.ts';

/** `command` is what the reader may type next. */
export type Tone = 'plain' | 'dim' | 'good' | 'warn' | 'bad' | 'strong' | 'info' | 'command';
export type Paint = (text: string, tone: Tone) => string;

/** Colour or not: `--no-color` and `--plain` first, then NO_COLOR, FORCE_COLOR, then whether a terminal listens. */
export function wantsColour(
  env: Readonly<Record<string, string | undefined>>,
  isTTY: boolean,
  argv: readonly string[],
): boolean {
  if (argv.includes('--plain') || argv.includes('--no-color')) return false;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0';
  return isTTY && env.TERM !== 'dumb';
}

/** Our name, where it is on the PATH. */
const NAME = 'headcount';
/** Runs of npm that put this program on the PATH of what they start, and not on that of whoever typed them. */
const BY_NPM: readonly (string | undefined)[] = ['start', 'exec', 'run-script'];

export type Start = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What node was given to run; one that is installed has no `.js` at its end. */
  readonly script: string | undefined;
  readonly cwd: string;
};

/** How this program is typed where it was started: `headcount`, `npx headcount`, `node bin/headcount.js`. */
export function nameTyped({ env, script, cwd }: Start): string {
  if (BY_NPM.includes(env.npm_command)) return `npx ${NAME}`;
  if (!script?.endsWith('.js')) return NAME;
  const inside = relative(cwd, script);
  const path = inside.startsWith('..') ? script : inside;
  return `node ${/^[\w@+./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`}`;
}

/**
 * Our commands with the name that they are typed with. All that is written on standard error goes through it, and on standard output
 * what has the tone `command`.
 */
export function typed(text: string, name: string): string {
  return name === NAME ? text : text.replace(/(?<!npx |[\w./-])headcount (?=[a-z]|--)/g, () => `${name} `);
}

/**
 * The one place that knows escape sequences.
 * @param name that our commands are typed with
 */
export function painter(colour: boolean, name = NAME): Paint {
  const { dim, green, yellow, red, bold, cyan } = colors.createColors(colour);
  const tones: Record<Tone, (text: string) => string> = {
    plain: (text) => text,
    dim,
    good: green,
    warn: yellow,
    bad: red,
    strong: bold,
    info: cyan,
    command: (text) => cyan(typed(text, name)),
  };
  return (text, tone) => tones[tone](text);
}

// OSC, DCS, SOS, PM, APC (to their terminator, or to the end of the text); CSI; two-character escapes.
const SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is what this is for.
  /(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/g;
// C0 and C1 that are left, DEL, and what turns the direction of text around.
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One safe line: escape sequences removed, newlines and tabs become spaces. */
export function clean(text: string): string {
  return text
    .replace(SEQUENCES, '')
    .replace(/[\t\n\r\v\f\u0085\u2028\u2029]+/g, ' ')
    .replace(CONTROLS, '');
}

/** JSON on one line whose strings cannot reach a terminal as control characters; parses to the same value. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Cuts to `width` columns; the cut shows as an ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const [first = ''] = width <= 1 ? [] : folded(text, width - 1);
  return `${first.trimEnd()}…`;
}

/** Cuts an agent's name in the middle: its number at the end says which of several it is. */
export function cutName(name: string, width: number): string {
  const number = /-\d+$/.exec(name)?.[0] ?? '';
  if (widthOf(name) <= width || number.length >= width - 1) return cut(name, width);
  return `${cut(name.slice(0, -number.length || undefined), width - number.length)}${number}`;
}

/** Text word for word on lines of at most `width` columns, cut wherever a line is full. */
export function folded(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const lines: string[] = [];
    let room = 0;
    for (const letter of lettersOf(clean(line))) {
      const takes = widthOf(letter);
      if (lines.length === 0 || takes > room) {
        lines.push('');
        room = width;
      }
      lines[lines.length - 1] += letter;
      room -= takes;
    }
    return lines.length === 0 ? [''] : lines;
  });
}

/** One line of words on lines of at most `width` columns, broken between words; a word that is longer is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').flatMap((one) => folded(one, width))) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + 1 + widthOf(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Items two spaces apart, on as many lines as they need; those after the first begin below the first item. */
export function flowed(head: string, items: readonly string[], width: number): string[] {
  const lines = [head];
  for (const item of items) {
    const line = lines.at(-1) ?? '';
    if (lines.length === 1 && line === head) lines[0] = `${head}${item}`;
    else if (widthOf(line) + 2 + widthOf(item) <= width) lines[lines.length - 1] = `${line}  ${item}`;
    else lines.push(`${' '.repeat(widthOf(head))}${item}`);
  }
  return lines;
}

export type Cell = string | { readonly text: string; readonly tone: Tone };

const LAST_AT_LEAST = 12;
/** Narrower than this no column gets. */
const COLUMN_AT_LEAST = 8;

/** Takes from the widest columns, two spaces apart, what does not fit into `room`. */
function narrowed(widths: readonly number[], room: number): number[] {
  const kept = [...widths];
  let over = kept.reduce((sum, width) => sum + width + 2, 0) - room;
  for (; over > 0; over -= 1) {
    const widest = Math.max(...kept);
    if (widest <= COLUMN_AT_LEAST) break;
    kept[kept.indexOf(widest)] = widest - 1;
  }
  return kept;
}

/**
 * Rows in columns two spaces apart; the last column takes what is left of `width` and is cut there, and in a narrow terminal
 * the widest of the others are cut too. A header row is dim.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: { readonly width: number; readonly paint: Paint; readonly indent?: string },
): string[] {
  const indent = options.indent ?? '';
  const textOf = (cell: Cell | undefined) => (cell === undefined ? '' : typeof cell === 'string' ? cell : cell.text);
  const columns = header.length;
  const widths = header.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => Math.min(widthOf(textOf(row[index])), 32))),
  );
  const least = Math.min(LAST_AT_LEAST, widths.at(-1) ?? 0);
  const room = options.width - indent.length;
  const before = narrowed(widths.slice(0, -1), room - least);
  const last = Math.max(least, room - before.reduce((sum, width) => sum + width + 2, 0));
  const line = (cells: readonly Cell[], tone: Tone) => {
    const parts = Array.from({ length: columns }, (_, index) => {
      const cell = cells[index];
      const end = index === columns - 1;
      const width = end ? last : (before[index] ?? 0);
      const text = cut(textOf(cell), width);
      const painted = options.paint(text, cell === undefined || typeof cell === 'string' ? tone : cell.tone);
      return end ? painted : painted + ' '.repeat(Math.max(0, width - widthOf(text)));
    });
    return indent + parts.join('  ').trimEnd();
  };
  const head = header.some((title) => title !== '') ? [line(header, 'dim')] : [];
  return [...head, ...rows.map((row) => line(row, 'plain'))];
}
