// What several commands have in common: the options that say which company, and the lines they print.

import { type Command, InvalidArgumentError } from 'commander';
import { nearest } from '../../org/problems.ts';
import type { CliContext } from '../context.ts';
import { type Paint, painter, safeJson } from '../output.ts';

export type CompanyOptions = {
  readonly nats?: string;
  readonly company?: string;
  readonly from?: string;
};

/** Adds `--nats`, `--company`, `--from` and `--json` to a command that reads a company. */
export function readsCompany(command: Command): Command {
  return command
    .option('--nats <url>', 'the NATS server of a running company (default: NATS_URL, then this workspace)')
    .option('--company <slug>', 'which company, when the server holds several')
    .option('--from <file>', 'read an export written by `run --out` instead')
    .option('--json', 'JSON on standard output');
}

/**
 * The next step after a name that nobody has.
 * @param list the command that lists all of them
 */
export function didYouMean(word: string, known: readonly string[], list: string): string {
  const near = nearest(word, known);
  return near === undefined ? `${list} lists them` : `did you mean ${near}? ${list} lists all`;
}

/** Prints lines, or the value as JSON when `--json` was given. */
export function print(context: CliContext, value: unknown, lines: (paint: Paint) => readonly string[]): void {
  if (context.json) context.out(`${safeJson(value, 2)}\n`);
  else for (const line of lines(painter(context.colour, context.name))) context.out(`${line}\n`);
}

/** A whole number of at least `least`, for commander. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) {
      throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
    }
    return value;
  };
}

/** A number above zero, for commander. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}
