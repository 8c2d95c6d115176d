import { resolve } from 'node:path';
import type { Command } from 'commander';
import { inWords } from '../../bus/ledger/errors.ts';
import { checkExport } from '../company-file.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { count, plural } from '../format.ts';
import { clean } from '../output.ts';
import { type Inspected, inspectStorage } from '../storage.ts';
import { contentsLine } from './import.ts';
import { print } from './shared.ts';

type VerifyOptions = { readonly nats?: string; readonly company?: string; readonly accept?: true; readonly by: string };

const DAMAGED = 5;

export function register(program: Command, context: CliContext): void {
  program
    .command('verify [file]')
    .description('Check a stream against what its company saw of it, all of it; or a backup against its own sums.')
    .option('--nats <url>', 'the NATS server of the company (default: NATS_URL, then this workspace)')
    .option('--company <slug>', 'which company, when there are several')
    .option('--accept', 'go on with what is left of a damaged stream; the decision is written down on it')
    .option('--by <name>', 'who decides that', 'operator')
    .option('--json', 'JSON on standard output')
    .action(async (file: string | undefined, options: VerifyOptions) => {
      if (file === undefined) return verifyStream(options, context);
      if (options.accept) throw new UsageError('an edited file cannot be accepted', 'leave --accept out');
      const contents = await checkExport(resolve(context.cwd, file));
      print(
        context,
        { ok: true, file, ...contents.header, blobs: contents.blobs, products: contents.products },
        (paint) => [
          `${paint('sound', 'good')} ${clean(file)}: ${clean(contents.header.company)}, ${contentsLine(contents)}`,
        ],
      );
    });
}

async function verifyStream({ nats, company, accept, by }: VerifyOptions, context: CliContext): Promise<void> {
  const found = await inspectStorage({ nats, company, accept: accept === true, by }, context);
  if (found.damage && !found.accepted) context.setExit(DAMAGED);
  print(context, { ok: found.damage === undefined, ...found }, (paint) => lines(found, paint));
}

function lines(found: Inspected, paint: (text: string, tone: 'good' | 'bad' | 'dim') => string): string[] {
  const { company, damage, accepted, ledgers, lastSeq, to } = found;
  const name = clean(company);
  if (ledgers === 0)
    return [`${paint('unknown', 'bad')} ${name}: ${plural(lastSeq, 'message')}, and no ledger here that has seen them`];
  if (!damage) {
    const since = lastSeq > to ? `; ${count(lastSeq - to)} after it are not noted yet` : '';
    return [`${paint('sound', 'good')} ${name}: everything up to sequence ${count(to)} is what was written${since}`];
  }
  const told = `${paint('damaged', 'bad')} ${name}: ${clean(inWords(damage))}`;
  if (accepted) {
    const again = accepted.requeued.length === 0 ? 'no open task' : accepted.requeued.map(clean).join(', ');
    return [
      told,
      `${paint('accepted', 'good')} by ${clean(accepted.by)}; given out again: ${again}`,
      paint('next: headcount up', 'dim'),
    ];
  }
  return [
    told,
    paint('bring it back from a backup: headcount restore <file>', 'dim'),
    paint('or go on with what is left: headcount verify --accept', 'dim'),
  ];
}
