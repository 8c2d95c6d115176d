import { resolve } from 'node:path';
import type { Command } from 'commander';
import { inWords } from '../../bus/ledger/errors.ts';
import { checkExport } from '../company-file.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { count, plural } from '../format.ts';
import { clean, type Paint } from '../output.ts';
import { type Inspected, inspectStorage } from '../storage.ts';
import { natsWords } from '../urls.ts';
import { contentsLine } from './import.ts';
import { print } from './shared.ts';

type VerifyOptions = { readonly nats?: string; readonly company?: string; readonly accept?: true; readonly by: string };

const DAMAGED = 5;
const UNKNOWN = 1;

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
  else if (found.ledgers === 0 && !found.accepted) context.setExit(UNKNOWN);
  const server = natsWords(nats);
  const which = (company === undefined ? '' : ` --company ${clean(company)}`) + server;
  const ok = found.damage === undefined && (found.ledgers > 0 || found.accepted !== undefined);
  print(context, { ok, ...found }, (paint) => [...lines(found, paint), ...nextSteps(found, which, server, paint)]);
}

function lines({ company, damage, accepted, ledgers, lastSeq, to }: Inspected, paint: Paint): string[] {
  const name = clean(company);
  const all = plural(lastSeq, 'message');
  const by = accepted && `${paint('accepted', 'good')} by ${clean(accepted.by)}`;
  const aside = accepted?.aside.map((path) => `a ledger that could not be read is now ${clean(path)}`) ?? [];
  if (damage) {
    const told = `${paint('damaged', 'bad')} ${name}: ${clean(inWords(damage))}`;
    if (!accepted) return [told];
    const again = accepted.requeued.length === 0 ? 'no open task' : accepted.requeued.map(clean).join(', ');
    return [told, `${by}; given out again: ${again}`, ...aside];
  }
  if (ledgers === 0) {
    if (by) return [`${by}: the ${all} of ${name} as they are; a ledger vouches for them from now on`, ...aside];
    return [
      `${paint('unknown', 'bad')} ${name}: no ledger here has seen its ${all}, so nobody can say whether they are whole`,
    ];
  }
  const since = lastSeq > to ? `; what follows is not noted yet: ${plural(lastSeq - to, 'message')}` : '';
  return [
    `${paint('sound', 'good')} ${name}: everything up to sequence ${count(to)} is what was written${since}`,
    ...aside,
  ];
}

function nextSteps({ damage, accepted, ledgers }: Inspected, which: string, server: string, paint: Paint): string[] {
  if (accepted) return [paint(`next: headcount up${which}`, 'command')];
  if (damage)
    return [
      paint(`bring it back from a backup: headcount restore <file>${server}`, 'command'),
      paint(`or go on with what is left: headcount verify --accept${which}`, 'command'),
    ];
  return ledgers > 0
    ? []
    : [paint(`take it as it is, and begin a ledger: headcount verify --accept${which}`, 'command')];
}
