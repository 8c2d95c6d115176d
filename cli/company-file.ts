// A company in a file, and back: the stream with its blobs and positions (bus/export.ts), and the product repositories.

import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus, Stored } from '../bus/bus.ts';
import { HeadcountError, reasonOf } from '../bus/errors.ts';
import { type ExportParts, exportLines } from '../bus/export.ts';
import type { ExportHeader, ExportRecord, ProductBundle } from '../bus/export-format.ts';
import { readRecords } from '../bus/export-read.ts';
import { type DurablePosition, importStream } from '../bus/import.ts';
import { streamName } from '../bus/jetstream/stream.ts';
import type { ProductFacts } from '../bus/product-facts.ts';
import { bundleProduct, unbundleProduct } from '../tools/bundle.ts';
import { openGit } from '../tools/git.ts';
import { type CliContext, note } from './context.ts';
import { UsageError } from './errors.ts';
import { refusePipe } from './package-root.ts';
import { ownProducts, type Places, placesIn } from './places.ts';
import { noteAll, refuseRunning } from './storage.ts';
import { companiesAt, openStream } from './stream.ts';
import { NotWritable } from './workspace.ts';

/** There is a company of this name already. Exit code 2. */
export class CompanyExists extends HeadcountError {
  override readonly name = 'CompanyExists';
  constructor(company: string, where: string) {
    super('COMPANY_EXISTS', `there is a company ${company} already (${where})`, 'name it otherwise: --as <name>', {
      exit: 2,
    });
  }
}

type Here = Pick<CliContext, 'cwd' | 'env' | 'stop'>;

const gitOf = (work: string, { env }: Here) => openGit({ home: join(work, 'home'), env: { ...env } });

export type ProductSource = {
  /** Where the repositories are, and where there is room for what is made on the way. */
  readonly places: Places;
  /** Where a product's own history begins, when more is known than what is exported says. */
  readonly origins?: ReadonlyMap<string, string>;
  /** Hears of a product that has no repository there. */
  readonly missing?: (slug: string) => void;
};

/** Reads a company's product repositories, for an export. */
export function productsOf(
  { places, origins, missing }: ProductSource,
  context: Here,
): (facts: readonly ProductFacts[]) => AsyncIterable<ProductBundle> {
  const { products, work } = places;
  return async function* read(all) {
    const git = gitOf(work, context);
    for (const facts of all) {
      const { slug, origin = origins?.get(slug) } = facts;
      const bundle = await bundleProduct(git, join(products, slug), { ...facts, origin }, join(work, 'scratch'));
      if (bundle === undefined) missing?.(slug);
      else yield { slug, bundle };
    }
  };
}

/** Makes the product repositories of an export. Throws BundleRefused. */
export async function unpackProducts(path: string, { products, work }: Places, context: Here): Promise<void> {
  const git = gitOf(work, context);
  await mkdir(products, { recursive: true });
  for await (const record of recordsOf(path)) {
    if (record.kind === 'product') await unbundleProduct(git, products, record.slug, record.bundle);
  }
}

/** Writes an export: whole, or not at all. Returns its bytes. Throws NotWritable, and what the bus throws. */
export async function writeExport(path: string, bus: Bus, parts: ExportParts = {}): Promise<number> {
  const part = `${path}.${process.pid}.part`;
  let bytes = 0;
  const counted = async function* () {
    for await (const line of exportLines(bus, parts)) {
      bytes += Buffer.byteLength(line);
      yield line;
    }
  };
  try {
    await writeFile(part, counted());
    const file = await open(part, 'r');
    await file.sync();
    await file.close();
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true });
    if (cause instanceof HeadcountError) throw cause;
    throw new NotWritable(path, 'make room, and do it again', reasonOf(cause));
  }
  return bytes;
}

/** The pieces of an export. Throws ExportInvalid, and EXPORT_UNREADABLE for a file that cannot be read. */
async function* recordsOf(path: string): AsyncGenerator<ExportRecord> {
  const chunks = createReadStream(path, 'utf8');
  try {
    for await (const record of readRecords(chunks, path)) yield record;
  } catch (cause) {
    if (cause instanceof HeadcountError) throw cause;
    throw new HeadcountError('EXPORT_UNREADABLE', `cannot read the export ${path}`, 'check the path', {
      exit: 3,
      cause: reasonOf(cause),
    });
  } finally {
    chunks.destroy();
  }
}

/** What is in an export, all of it checked. */
export type Contents = {
  readonly header: ExportHeader;
  readonly durables: readonly DurablePosition[];
  readonly blobs: number;
  readonly products: readonly string[];
};

/** Reads an export to its end. Throws ExportInvalid. */
export async function checkExport(path: string): Promise<Contents> {
  refusePipe(path, path);
  let header: ExportHeader | undefined;
  const durables: DurablePosition[] = [];
  const products: string[] = [];
  let blobs = 0;
  for await (const record of recordsOf(path)) {
    if (record.kind === 'header') header = record.header;
    else if (record.kind === 'durable') durables.push(record.position);
    else if (record.kind === 'product') products.push(record.slug);
    else if (record.kind === 'blob') blobs += 1;
  }
  if (header === undefined) throw new Error(`${path} ended before its header`);
  return { header, durables, blobs, products };
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Refuses what is no name of a company, or one that is taken. Throws UsageError, CompanyExists. */
export async function refuseTaken(company: string, url: string, { cwd }: Here): Promise<void> {
  if (!NAME.test(company) || company.length > 32) {
    const next = 'lower-case letters, digits and single dashes, starting with a letter, at most 32: --as acme-2';
    throw new UsageError(`${JSON.stringify(company)} is no name of a company`, next);
  }
  const same = (await companiesAt(url)).find((one) => streamName(one.company) === streamName(company));
  if (same) throw new CompanyExists(company, `stream ${streamName(same.company)}`);
  const { products } = placesIn(cwd, company);
  if (products === ownProducts(cwd, company)) throw new CompanyExists(company, `its products are in ${products}`);
}

/**
 * Makes a company of an export that was checked, and its ledger; nothing is left of it when it cannot be made.
 * Throws UsageError, CompanyExists, StillRunning, ImportRefused, BundleRefused, BusFailure.
 */
export async function importExport(
  path: string,
  { durables }: Contents,
  target: { readonly url: string; readonly company: string },
  context: CliContext,
): Promise<void> {
  const { url, company } = target;
  const { cwd } = context;
  await refuseTaken(company, url, context);
  refuseRunning(company, context);
  const root = ownProducts(cwd, company);
  try {
    await unpackProducts(path, { ...placesIn(cwd, company), products: root }, context);
    const owner = { workspace: cwd, kind: 'company' } as const;
    const options = { blobs: blobsOf(path, context), durables };
    await importStream({ kind: 'jetstream', servers: url, company, owner }, messagesOf(path, context), options);
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }
  await beginLedger(url, company, context).catch((error: unknown) => {
    note(context, `its ledger could not be begun, so nothing vouches for it until it runs: ${reasonOf(error)}`);
  });
}

async function beginLedger(url: string, company: string, context: CliContext): Promise<void> {
  const { bus, close } = await openStream(url, company);
  await noteAll(bus, context.cwd, 'imported', (line) => note(context, line)).finally(close);
}

/** The messages of an export that was checked. */
export async function* messagesOf(path: string, { stop }: Here): AsyncGenerator<Stored> {
  for await (const record of recordsOf(path)) {
    stop.throwIfAborted();
    if (record.kind === 'message') yield record.stored;
  }
}

/** The blobs of an export that was checked. */
export async function* blobsOf(path: string, { stop }: Here): AsyncGenerator<Uint8Array> {
  for await (const record of recordsOf(path)) {
    stop.throwIfAborted();
    if (record.kind === 'blob') yield record.bytes;
  }
}
