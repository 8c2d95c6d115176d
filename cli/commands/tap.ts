import type { Command } from 'commander';
import type { Stored } from '../../bus/bus.ts';
import { pad } from '../../org/width.ts';
import { followFrom, type Reading, withCompany } from '../connect.ts';
import { type CliContext, note } from '../context.ts';
import { describe } from '../describe.ts';
import { UsageError } from '../errors.ts';
import type { When } from '../format.ts';
import { clean, cut, painter, safeJson } from '../output.ts';
import { storedAt } from '../own-time.ts';
import { timeOf, whenIn } from '../views/history.ts';
import { type CompanyOptions, readsCompany, wholeNumber } from './shared.ts';

type TapOptions = CompanyOptions & { readonly count?: number; readonly all?: true };

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('tap [pattern]'))
    .description('Messages as they are published, until Ctrl+C. The pattern is a NATS one: task.>, agent.*.state')
    .option('--count <n>', 'end after this many', wholeNumber(1))
    .option('--all', 'begin with the first message the stream holds')
    .action((pattern: string | undefined, options: TapOptions) =>
      withCompany(options, context, (reading) => tap(reading, pattern ?? '>', options, context)),
    );
}

/** A pattern relative to the company; `acme.task.>` means the same as `task.>`. Throws UsageError. */
export function filterOf(pattern: string, company: string): string {
  const own =
    pattern === company ? '>' : pattern.startsWith(`${company}.`) ? pattern.slice(company.length + 1) : pattern;
  const tokens = own.split('.');
  const sound = tokens.every((token, index) => {
    if (token === '>') return index === tokens.length - 1;
    return token === '*' || /^[^\s.*>]+$/.test(token);
  });
  if (!sound) throw new UsageError(`${JSON.stringify(pattern)} is no subject pattern`, "headcount tap 'task.>'");
  return own;
}

async function tap(reading: Reading, pattern: string, options: TapOptions, context: CliContext): Promise<void> {
  const filter = filterOf(pattern, reading.company);
  const paint = painter(context.colour, context.name);
  const first = await storedAt(reading.bus, 1);
  const when = whenIn(first === undefined ? [] : [first]);
  let left = options.count ?? Number.POSITIVE_INFINITY;
  const show = (stored: Stored): boolean => {
    left -= 1;
    if (context.json) context.out(`${safeJson(stored.message)}\n`);
    else context.out(`${lineOf(stored, when, context.columns, (text) => paint(text, 'dim'))}\n`);
    return left > 0;
  };
  if (!reading.live && !options.all) note(context, 'this company is not running: showing what it said');
  await followFrom(reading, { filter, fromSeq: reading.live && !options.all ? undefined : 1 }, context, show);
}

function lineOf(stored: Stored, when: When, width: number, dim: (text: string) => string): string {
  const { seq, subject, message } = stored;
  const { text } = describe(message, { task: undefined, agent: undefined }, when);
  const head = `${String(seq).padStart(6)}  ${when(timeOf(message))}`;
  const rest = `${pad(clean(subject), 20)}  ${pad(message.type, 18)}  ${clean(message.source)}  ${clean(text)}`;
  return `${dim(head)}  ${cut(rest, Math.max(20, width - head.length - 2))}`;
}
