import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkExport, productsOf, writeExport } from '../company-file.ts';
import { withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { count, plural } from '../format.ts';
import { clean } from '../output.ts';
import { placesIn } from '../places.ts';
import { checkTarget } from '../workspace.ts';
import { type CompanyOptions, print } from './shared.ts';

type ExportOptions = Omit<CompanyOptions, 'from'> & { readonly out?: string; readonly products: boolean };

export function register(program: Command, context: CliContext): void {
  program
    .command('export')
    .description(
      'A whole company in one file: messages, blobs, positions and product repositories. It may go on working.',
    )
    .option('--out <file>', 'where to write it (default: <company>.jsonl)')
    .option('--no-products', 'leave the product repositories out')
    .option('--nats <url>', 'the NATS server of a running company (default: NATS_URL, then this workspace)')
    .option('--company <slug>', 'which company, when the server holds several')
    .option('--json', 'JSON on standard output')
    .action((options: ExportOptions) => exportCompany(options, context));
}

function exportCompany({ out, products, nats, company }: ExportOptions, context: CliContext): Promise<void> {
  const where = { ...(nats === undefined ? {} : { nats }), ...(company === undefined ? {} : { company }) };
  return withCompany(where, context, async ({ bus, company: name }) => {
    const path = resolve(context.cwd, out ?? `${name}.jsonl`);
    await checkTarget(path);
    const missing: string[] = [];
    const places = placesIn(context.cwd, name);
    const read = productsOf({ places, missing: (slug) => void missing.push(slug) }, context);
    const bytes = await writeExport(path, bus, products ? { products: read } : {});
    const contents = await checkExport(path);
    for (const slug of missing) {
      context.err(`product ${clean(slug)} has no repository in ${clean(places.products)} and is not in the file\n`);
    }
    const { header, blobs } = contents;
    const facts = { file: path, company: name, lastSeq: header.lastSeq, blobs, products: contents.products, bytes };
    print(context, facts, (paint) => [
      `${paint('exported', 'good')} ${clean(name)} to ${clean(out ?? path)}: ${plural(header.lastSeq, 'message')}, ` +
        `${plural(blobs, 'blob')}, ${plural(contents.products.length, 'product')}, ${count(bytes)} bytes`,
    ]);
  });
}
