// Puts a backup in the place of a company: its stream, blobs, positions, products and ledger. What was there is moved aside
// and moved back when it cannot be done.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RealClock } from '../bus/clock.ts';
import { importStream } from '../bus/import.ts';
import { blobsName, streamName } from '../bus/jetstream/stream.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import { startServer } from '../bus/server/launcher.ts';
import { refuseStoreInUse } from '../bus/server/store.ts';
import { blobsOf, type Contents, messagesOf, unpackProducts } from './company-file.ts';
import { type CliContext, note } from './context.ts';
import { ledgersDir } from './ledgers.ts';
import { placesIn } from './places.ts';
import { storeDirOf } from './run-file.ts';
import { noteAll } from './storage.ts';

type Restoring = {
  readonly path: string;
  readonly contents: Contents;
  readonly company: string;
  /** Somebody else's server; the workspace's own unless told. */
  readonly nats: string | undefined;
};

type Move = { readonly from: string; readonly to: string };

/**
 * Restores it under its own name. Returns the folders that hold what was there before.
 * Throws ServerFailure for a store in use, ImportRefused, BundleRefused, BusFailure.
 */
export async function restoreHere(what: Restoring, context: CliContext): Promise<string[]> {
  const { cwd } = context;
  const { nats, contents, company } = what;
  const storeDir = storeDirOf(cwd);
  if (nats === undefined) await refuseStoreInUse(storeDir);
  const aside = freeName(join(placesIn(cwd, company).work, 'before-restore'));
  const moves = thingsThere(cwd, company, contents, nats === undefined ? storeDir : undefined, aside);
  await moveAll(moves);
  const server =
    nats === undefined ? await startServer({ storeDir, env: { ...context.env }, signal: context.stop }) : undefined;
  try {
    await write(what, nats ?? server?.url ?? '', context);
  } catch (error) {
    await server?.stop();
    for (const { from, to } of [...moves].reverse()) {
      await rm(from, { recursive: true, force: true });
      await rename(to, from);
    }
    throw error;
  }
  await server?.stop();
  return [...new Set(moves.map(({ to }) => (to.startsWith(aside) ? aside : to)))];
}

/** What a restored company replaces. Streams of other companies in the same store are not touched. */
function thingsThere(
  cwd: string,
  company: string,
  { products }: Contents,
  storeDir: string | undefined,
  aside: string,
): Move[] {
  const moves: Move[] = [];
  if (storeDir !== undefined) {
    for (const name of [streamName(company), `OBJ_${blobsName(company)}`])
      moves.push({ from: join(storeDir, 'jetstream', '$G', 'streams', name), to: join(aside, 'streams', name) });
  }
  moves.push({ from: ledgersDir(cwd, company), to: join(aside, 'ledger') });
  // Clones and deployments belong to work that has not happened any more.
  for (const name of ['work', 'deploy'])
    moves.push({ from: join(placesIn(cwd, company).work, name), to: join(aside, name) });
  for (const slug of products) {
    const dir = join(placesIn(cwd, company).products, slug);
    moves.push({ from: dir, to: freeName(`${dir}.kept`) });
  }
  return moves.filter(({ from }) => existsSync(from));
}

async function moveAll(moves: readonly Move[]): Promise<void> {
  for (const { from, to } of moves) {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  }
}

function freeName(path: string): string {
  for (let n = 1; ; n += 1) if (!existsSync(`${path}-${n}`)) return `${path}-${n}`;
}

async function write({ path, contents, company }: Restoring, url: string, context: CliContext): Promise<void> {
  const { cwd } = context;
  const owner = { workspace: cwd, kind: 'company' } as const;
  const options = { blobs: blobsOf(path, context), durables: contents.durables };
  await importStream({ kind: 'jetstream', servers: url, company, owner }, messagesOf(path, context), options);
  await unpackProducts(path, placesIn(cwd, company), context);
  const bus = await openJetStreamBus({ servers: url, company, clock: new RealClock(), owner });
  await noteAll(bus, cwd, 'restored', (line) => note(context, line)).finally(() => bus.close());
}
