// The operator's log of a run: JSON lines by pino in the company's folder, with what needs attention repeated on standard
// error. Values of secrets in the environment never get into it.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { destination, pino } from 'pino';
import type { Ports } from '../actors/ports.ts';
import { reasonOf } from '../bus/errors.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import type { CliContext } from './context.ts';

/** Replaces every secret of the environment, in every form, and what looks like one. */
export function redactor(env: CliContext['env']): (text: string) => string {
  const { scrub } = createSecrets(env);
  return scrub;
}

export type RunLog = {
  readonly log: Ports['log'];
  readonly redact: (text: string) => string;
  close(): void;
};

/** @param dir the company's folder; the file in it is `log.jsonl` */
export function openLog(dir: string, context: CliContext): RunLog {
  mkdirSync(dir, { recursive: true });
  const redact = redactor(context.env);
  const path = join(dir, 'log.jsonl');
  const file = destination({ dest: path, sync: true, mkdir: true });
  // Unheard, it would be thrown into whoever had something to say.
  let failed = false;
  file.on('error', (error: unknown) => {
    if (!failed) context.err(`the log ${path} cannot be written now: ${redact(reasonOf(error))}\n`);
    failed = true;
  });
  // Pino redacts by path; a secret can be anywhere in a text, so whole lines are cleaned.
  const logger = pino({ base: null }, { write: (line: string) => void file.write(redact(line)) });
  return {
    log: (level, line, detail = {}) => {
      logger[level](detail, line);
      if (level !== 'info') context.err(`${redact(line)}\n`);
    },
    redact,
    close: () => file.end(),
  };
}
