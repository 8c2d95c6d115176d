import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { positionsAfter } from '../../actors/open-work.ts';
import type { Bus, Stored } from '../../bus/bus.ts';
import { createProductFacts } from '../../bus/product-facts.ts';
import {
  type Contents,
  checkExport,
  importExport,
  productsOf,
  refuseTaken,
  unpackProducts,
  writeExport,
} from '../company-file.ts';
import { chooseCompany, readHistory, type Server, withCompany, withServer } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { MOMENT_HELP, sequenceAt } from '../moment.ts';
import { clean } from '../output.ts';
import { type Places, placesIn } from '../places.ts';
import { companiesAt, openStream } from '../stream.ts';
import { pastOf } from '../views/past.ts';
import { openWorkspace } from '../workspace.ts';
import { contentsLine, goOn } from './import.ts';
import { type CompanyOptions, print } from './shared.ts';

type ForkOptions = CompanyOptions & { readonly at: string; readonly as: string };

export function register(program: Command, context: CliContext): void {
  program
    .command('fork')
    .description('A second company that goes on from a moment of the first, which is left as it is.')
    .requiredOption('--at <moment>', `the last message that both have: ${MOMENT_HELP}`)
    .requiredOption('--as <name>', 'what the second company is called')
    .option('--nats <url>', 'the NATS server of a running company (default: NATS_URL, then this workspace)')
    .option('--company <slug>', 'which company, when the server holds several')
    .option('--from <file>', 'fork an export instead')
    .option('--json', 'JSON on standard output')
    .action((options: ForkOptions) => fork(options, context));
}

async function fork(options: ForkOptions, context: CliContext): Promise<void> {
  const { from, as: company } = options;
  await withServer(
    options,
    context,
    async (server) => {
      await refuseTaken(company, server.url, context);
      await openWorkspace(context.cwd);
      const made = await withSource(options, server, context, (bus) => forkBus(bus, options, server, context));
      const { blobs, products } = made.contents;
      const facts = { from: made.source, company, at: made.seq, blobs, products };
      print(context, facts, (paint) => [
        `${paint('forked', 'good')} ${clean(made.source)} at ${made.seq} as ${clean(company)}: ${contentsLine(made.contents)}`,
        goOn(company, server, paint),
      ]);
    },
    { make: from !== undefined },
  );
}

function withSource<T>(
  { from, company }: ForkOptions,
  { url }: Server,
  context: CliContext,
  use: (bus: Bus) => Promise<T>,
): Promise<T> {
  if (from !== undefined) return withCompany({ from, ...(company ? { company } : {}) }, context, ({ bus }) => use(bus));
  return openNamed(url, company, context, use);
}

async function openNamed<T>(
  url: string,
  wanted: string | undefined,
  context: CliContext,
  use: (bus: Bus) => Promise<T>,
): Promise<T> {
  const company = chooseCompany(await companiesAt(url), wanted, (line) => context.err(`${line}\n`));
  const { bus, close } = await openStream(url, company);
  try {
    return await use(bus);
  } finally {
    await close();
  }
}

type Forked = {
  readonly source: string;
  readonly seq: number;
  readonly contents: Contents;
};

/** A fork is an export up to a point, imported. */
async function forkBus(bus: Bus, options: ForkOptions, { url }: Server, context: CliContext): Promise<Forked> {
  const history = await readHistory(bus);
  const seq = sequenceAt(options.at, history);
  const durables = positionsAfter(pastOf(history, seq).history, await bus.consumers());
  const scratch = join(context.cwd, '.headcount', 'scratch', `${options.as}-${process.pid}`);
  await mkdir(scratch, { recursive: true });
  try {
    const places = await placesOf(bus.company, options, scratch, context);
    const missing = (slug: string) => context.err(`product ${clean(slug)} has no repository here: it starts anew\n`);
    const products = productsOf({ places, missing, origins: originsIn(history) }, context);
    const file = join(scratch, 'fork.jsonl');
    await writeExport(file, bus, { untilSeq: seq, durables, products });
    const contents = await checkExport(file);
    await importExport(file, contents, { url, company: options.as }, context);
    return { source: bus.company, seq, contents };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Where the product repositories are: here, or in the export. */
async function placesOf(company: string, { from }: ForkOptions, scratch: string, context: CliContext): Promise<Places> {
  if (from === undefined) return placesIn(context.cwd, company);
  const places = { products: join(scratch, 'products'), work: scratch };
  await unpackProducts(resolve(context.cwd, from), places, context);
  return places;
}

/** Where each product's own history begins: known from the whole history also at a moment before its first pull request. */
function originsIn(history: readonly Stored[]): ReadonlyMap<string, string> {
  const facts = createProductFacts();
  for (const { message } of history) facts.told(message);
  return new Map(facts.all().flatMap(({ slug, origin }) => (origin === undefined ? [] : [[slug, origin]])));
}
