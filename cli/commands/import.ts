import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type Contents, checkExport, importExport } from '../company-file.ts';
import { type Server, withServer } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { plural } from '../format.ts';
import { clean, type Paint } from '../output.ts';
import { natsWords } from '../urls.ts';
import { openWorkspace } from '../workspace.ts';
import { print } from './shared.ts';

type ImportOptions = { readonly as?: string; readonly nats?: string };

export function register(program: Command, context: CliContext): void {
  program
    .command('import <file>')
    .description('Make the company of an export; `headcount up` then goes on with it. All of it is checked first.')
    .option('--as <name>', 'under another name than it had')
    .option('--nats <url>', 'the NATS server to put it on (default: NATS_URL, then this workspace)')
    .option('--json', 'JSON on standard output')
    .action((file: string, options: ImportOptions) => importCompany(file, options, context));
}

async function importCompany(file: string, options: ImportOptions, context: CliContext): Promise<void> {
  const path = resolve(context.cwd, file);
  const contents = await checkExport(path);
  await openWorkspace(context.cwd);
  const where = options.nats === undefined ? {} : { nats: options.nats };
  const company = options.as ?? contents.header.company;
  await withServer(
    where,
    context,
    async (server) => {
      await importExport(path, contents, { url: server.url, company }, context);
      const { lastSeq } = contents.header;
      const facts = { company, lastSeq, blobs: contents.blobs, products: contents.products };
      print(context, facts, (paint) => [
        `${paint('imported', 'good')} ${clean(contents.header.company)} as ${clean(company)}: ${contentsLine(contents)}`,
        goOn(company, server, paint),
      ]);
    },
    { make: true },
  );
}

/** How much a company is: `312 messages, 2 blobs, 1 product`. */
export function contentsLine({ header, blobs, products }: Contents): string {
  return [plural(header.lastSeq, 'message'), plural(blobs, 'blob'), plural(products.length, 'product')].join(', ');
}

/** The command that goes on with a company that was just made. */
export function goOn(company: string, server: Server, paint: Paint): string {
  const there = natsWords(server.stays ? server.url : undefined);
  return paint(`next: headcount up --company ${clean(company)}${there}`, 'command');
}
