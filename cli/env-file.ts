// Settings in a file: `.env` of the workspace, read once, at the edge. What the environment says already wins.
//
// Strict on purpose: shells, Docker and the many libraries for such files disagree about what is not read here, and a key that
// is read in another way than it was meant is found out only by the provider.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HeadcountError, reasonOf } from '../bus/errors.ts';

/** `.env` cannot be read as settings. Exit code 3. Never quotes the line: it may hold a secret. */
export class EnvFileInvalid extends HeadcountError {
  override readonly name = 'EnvFileInvalid';
  /** @param line counted from 1 */
  constructor(line: number, what: string, next: string) {
    super('ENV_FILE_INVALID', `.env:${line} ${what}`, next, { exit: 3 });
  }
}

/** `.env` is there and cannot be opened. Exit code 3. */
export class EnvFileUnreadable extends HeadcountError {
  override readonly name = 'EnvFileUnreadable';
  constructor(cause: unknown) {
    super('ENV_FILE_UNREADABLE', `.env cannot be read: ${reasonOf(cause)}`, 'chmod u+r .env, or move it away', {
      exit: 3,
      cause,
    });
  }
}

type Env = Readonly<Record<string, string | undefined>>;

const SETTING = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;
/** What may follow a quoted value. */
const END = /^\s*(?:#.*)?$/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** The environment with the settings of `.env` in a folder behind it. Throws EnvFileInvalid, EnvFileUnreadable. */
export function withEnvFile(cwd: string, env: Env): Env {
  const text = readEnvFile(cwd);
  return text === undefined ? env : { ...parseEnvFile(text), ...env };
}

/**
 * The settings of a file: `NAME=value` or `export NAME=value`, one a line; `#` begins a comment at the start of a line or after
 * a space. A value may stand in single quotes (as it is) or in double quotes (`\n`, `\r`, `\t`, `\"` and `\\` are read).
 * Throws EnvFileInvalid for anything else, for a quote that does not end on its line, and for a name that comes twice.
 */
export function parseEnvFile(text: string): Readonly<Record<string, string>> {
  const settings = new Map<string, { readonly value: string; readonly line: number }>();
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const said = raw.trim();
    if (said === '' || said.startsWith('#')) continue;
    const [, name, rest] = SETTING.exec(said) ?? [];
    if (name === undefined || rest === undefined) {
      throw new EnvFileInvalid(line, 'is no setting', 'write NAME=value, one a line; # begins a comment');
    }
    const before = settings.get(name);
    if (before) throw new EnvFileInvalid(line, `sets again what line ${before.line} sets`, 'keep one of the two lines');
    settings.set(name, { value: readValue(rest, line), line });
  }
  return Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
}

function readValue(rest: string, line: number): string {
  if (rest.includes('\0')) throw new EnvFileInvalid(line, 'has a zero byte', 'save the file as UTF-8 text');
  if (rest.startsWith('`')) throw new EnvFileInvalid(line, 'begins with a backtick', 'nothing is run here: use quotes');
  if (rest.startsWith("'") || rest.startsWith('"')) return quoted(rest, line);
  if (rest.startsWith('#')) return '';
  return (/^(.*?)(?:\s#.*)?$/.exec(rest)?.[1] ?? rest).trim();
}

function quoted(rest: string, line: number): string {
  const found = rest.startsWith("'") ? /^'([^']*)'/.exec(rest) : /^"((?:[^"\\]|\\.)*)"/.exec(rest);
  if (!found) {
    throw new EnvFileInvalid(
      line,
      'has a quote without its end',
      'end it on the same line; in double quotes, \\n is a new line',
    );
  }
  const [whole, inner = ''] = found;
  if (!END.test(rest.slice(whole.length))) {
    throw new EnvFileInvalid(line, 'goes on after its quote', 'put the whole value into one pair of quotes');
  }
  if (rest.startsWith("'")) return inner;
  return inner.replaceAll(/\\(.)/g, (all, letter: string) => ESCAPES[letter] ?? all);
}

/** Undefined when there is none; a folder of that name is somebody else's. Throws EnvFileUnreadable. */
function readEnvFile(cwd: string): string | undefined {
  try {
    return readFileSync(join(cwd, '.env'), 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw new EnvFileUnreadable(error);
  }
}
