import { mkdir, rename } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { StreamDamaged } from '../../bus/ledger/errors.ts';
import { checkExport, productsOf, writeExport } from '../company-file.ts';
import { withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { count, plural } from '../format.ts';
import { checkAgainst, readLedgers } from '../ledgers.ts';
import { clean } from '../output.ts';
import { placesIn } from '../places.ts';
import { checkTarget } from '../workspace.ts';
import { print } from './shared.ts';

type BackupOptions = { readonly out?: string; readonly nats?: string; readonly company?: string };

export function register(program: Command, context: CliContext): void {
  program
    .command('backup')
    .description('A copy of the whole company to come back to: `headcount restore`. It may go on working meanwhile.')
    .option('--out <file>', 'where to write it (default: backups/<company>-<sequence>.jsonl)')
    .option('--nats <url>', 'the NATS server of a running company (default: NATS_URL, then this workspace)')
    .option('--company <slug>', 'which company, when the server holds several')
    .option('--json', 'JSON on standard output')
    .action((options: BackupOptions) => backup(options, context));
}

/** Writes it, and reads it back. A stream that is damaged is not backed up: the copy would look sound. */
function backup({ out, nats, company }: BackupOptions, context: CliContext): Promise<void> {
  const where = { ...(nats === undefined ? {} : { nats }), ...(company === undefined ? {} : { company }) };
  return withCompany(where, context, async ({ bus, company: name }) => {
    const verdict = await checkAgainst(bus, await readLedgers(context.cwd, name), true);
    if (!verdict.ok) throw new StreamDamaged(name, verdict.damage);
    const named = (lastSeq: number) => resolve(context.cwd, out ?? join('backups', `${name}-${lastSeq}.jsonl`));
    const written = named((await bus.info()).lastSeq);
    if (out === undefined) await mkdir(dirname(written), { recursive: true });
    await checkTarget(written);
    const missing: string[] = [];
    const places = placesIn(context.cwd, name);
    const products = productsOf({ places, missing: (slug) => void missing.push(slug) }, context);
    const bytes = await writeExport(written, bus, { products });
    const contents = await checkExport(written);
    for (const slug of missing)
      context.err(`product ${clean(slug)} has no repository in ${clean(places.products)} and is not in the backup\n`);
    const { header, blobs } = contents;
    // A company that works meanwhile is longer by now than when the file was begun.
    const path = named(header.lastSeq);
    if (path !== written) await rename(written, path);
    const facts = { file: path, company: name, lastSeq: header.lastSeq, blobs, products: contents.products, bytes };
    print(context, facts, (paint) => [
      `${paint('backed up', 'good')} ${clean(name)} up to sequence ${count(header.lastSeq)}: ${plural(blobs, 'blob')}, ` +
        `${plural(contents.products.length, 'product')}, ${count(bytes)} bytes, read back and sound`,
      paint(`to come back to it: headcount restore ${clean(relative(context.cwd, path) || path)}`, 'command'),
    ]);
  });
}
