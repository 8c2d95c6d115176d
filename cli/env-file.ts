// Settings in a file: `.env` of the workspace, read once, at the edge. What the environment says already wins.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { HeadcountError } from '../bus/errors.ts';

/** `.env` cannot be read as settings. Exit code 3. Never quotes the line: it may hold a secret. */
export class EnvFileInvalid extends HeadcountError {
  override readonly name = 'EnvFileInvalid';
  constructor(line: number) {
    super('ENV_FILE_INVALID', `.env:${line} is no setting`, 'write NAME=value, one a line; # begins a comment', {
      exit: 3,
    });
  }
}

const SETTING = /^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=/;

type Env = Readonly<Record<string, string | undefined>>;

/** The environment with the settings of `.env` in a folder behind it. Throws EnvFileInvalid. */
export function withEnvFile(cwd: string, env: Env): Env {
  const text = readEnvFile(cwd);
  if (text === undefined) return env;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() !== '' && !line.trimStart().startsWith('#') && !SETTING.test(line))
      throw new EnvFileInvalid(index + 1);
  }
  return { ...parseEnv(text), ...env };
}

function readEnvFile(cwd: string): string | undefined {
  try {
    return readFileSync(join(cwd, '.env'), 'utf8');
  } catch {
    return undefined;
  }
}
