// How a command ends badly: what happened, why, what to do next, and the documented exit code. Never a stack, unless asked.

import { type ExitCode, HeadcountError, reasonOf } from '../bus/errors.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { type CliContext, Interrupted } from './context.ts';
import { clean, painter, safeJson, typed } from './output.ts';

/** The command line asks for something that does not exist. Exit code 2. */
export class UsageError extends HeadcountError {
  override readonly name = 'UsageError';
  constructor(message: string, next: string) {
    super('USAGE', message, next, { exit: 2 });
  }
}

type Explained = {
  readonly code: string;
  readonly what: string;
  /** The cause, when it adds something. */
  readonly why: string | undefined;
  readonly next: string;
  readonly exit: ExitCode;
};

/** Reads anything thrown as the parts that a person needs. */
function explain(error: unknown): Explained {
  if (error instanceof HeadcountError) {
    const cause = error.cause === undefined ? undefined : reasonOf(error.cause);
    const adds = cause !== undefined && !error.message.includes(cause);
    return { code: error.code, what: error.message, why: adds ? cause : undefined, next: error.next, exit: error.exit };
  }
  return { code: 'UNEXPECTED', what: reasonOf(error), why: undefined, next: nextAfter(error), exit: 5 };
}

/** What was aborted says by what only in its cause. */
function interruptionIn(error: unknown): Interrupted | undefined {
  return error instanceof Error && error.cause instanceof Interrupted ? error.cause : undefined;
}

/** What helps against what the machine itself refuses. */
const MACHINE: Readonly<Record<string, string>> = {
  EACCES: 'look who may write there: `ls -ld`, or work in a folder of your own',
  EPERM: 'look who may write there: `ls -ld`, or work in a folder of your own',
  EROFS: 'that disk is read-only: work in a folder that can be written',
  ENOSPC: 'the disk is full: make room, and do it again',
  EDQUOT: 'your part of the disk is full: make room, and do it again',
  EMFILE: 'too many files are open: end other programs, or raise `ulimit -n`',
};

function nextAfter(error: unknown): string {
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  return MACHINE[errno] ?? 'run it again with --verbose for the stack; `headcount doctor` checks this machine';
}

/** Prints an error on standard error and returns the exit code. */
export function reportError(error: unknown, context: CliContext): ExitCode {
  const { scrub } = createSecrets(context.env);
  const { code, exit, ...said } = explain(interruptionIn(error) ?? error);
  const [what, next] = [scrub(said.what), typed(scrub(said.next), context.name)];
  const why = said.why === undefined ? undefined : scrub(said.why);
  if (context.json) {
    context.err(`${safeJson({ error: { code, what, why, next, exit } })}\n`);
  } else {
    const paint = painter(context.colour, context.name);
    // A message may list several problems, one a line (an invalid file); each line is cleaned on its own.
    const lines = what.split('\n').map(clean);
    context.err(`${paint('error:', 'bad')} ${lines.join('\n       ')}\n`);
    if (why !== undefined) context.err(`${paint('why:  ', 'dim')} ${clean(why)}\n`);
    context.err(`${paint('next: ', 'dim')} ${next.split('\n').map(clean).join('\n       ')}\n`);
  }
  if (context.verbose && error instanceof Error) context.err(`${scrub(stackOf(error))}\n`);
  return exit;
}

function stackOf(error: Error): string {
  const stack = (error.stack ?? '').split('\n').map(clean).join('\n');
  return error.cause instanceof Error ? `${stack}\ncaused by: ${stackOf(error.cause)}` : stack;
}
