import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Contents, checkExport, importExport } from '../company-file.ts';
import { withServer } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { count } from '../format.ts';
import { clean } from '../output.ts';
import { restoreHere } from '../restoring.ts';
import { refuseRunning } from '../storage.ts';
import { natsWords } from '../urls.ts';
import { openWorkspace } from '../workspace.ts';
import { contentsLine, goOn } from './import.ts';
import { print } from './shared.ts';

type RestoreOptions = { readonly as?: string; readonly nats?: string };

export function register(program: Command, context: CliContext): void {
  program
    .command('restore <file>')
    .description(
      'Come back to a backup. What is there now is put aside, never deleted. All of the file is checked first.',
    )
    .option('--as <name>', 'as another company beside the present one')
    .option('--nats <url>', 'onto a NATS server that has lost the stream (default: NATS_URL, then this workspace)')
    .option('--json', 'JSON on standard output')
    .action((file: string, options: RestoreOptions) => restore(file, options, context));
}

async function restore(file: string, options: RestoreOptions, context: CliContext): Promise<void> {
  const path = resolve(context.cwd, file);
  const contents = await checkExport(path);
  await openWorkspace(context.cwd);
  const { company } = contents.header;
  if (options.as !== undefined && options.as !== company) return besides(path, contents, options.as, options, context);
  refuseRunning(company, context);
  const nats = options.nats ?? (context.env.NATS_URL || undefined);
  const aside = await restoreHere({ path, contents, company, nats }, context);
  const { lastSeq } = contents.header;
  const facts = { company, lastSeq, blobs: contents.blobs, products: contents.products, aside };
  print(context, facts, (paint) => [
    `${paint('restored', 'good')} ${clean(company)} as of sequence ${count(lastSeq)}: ${contentsLine(contents)}`,
    ...aside.map((place) => `what was there is in ${clean(relative(context.cwd, place))}`),
    paint(`next: headcount up --company ${clean(company)}${natsWords(options.nats)}`, 'command'),
  ]);
}

function besides(
  path: string,
  contents: Contents,
  company: string,
  { nats }: RestoreOptions,
  context: CliContext,
): Promise<void> {
  return withServer(
    nats === undefined ? {} : { nats },
    context,
    async (server) => {
      await importExport(path, contents, { url: server.url, company }, context);
      const { lastSeq } = contents.header;
      const facts = { company, lastSeq, blobs: contents.blobs, products: contents.products, aside: [] };
      print(context, facts, (paint) => [
        `${paint('restored', 'good')} ${clean(contents.header.company)} as ${clean(company)}: ${contentsLine(contents)}`,
        goOn(company, server, paint),
      ]);
    },
    { make: true },
  );
}
