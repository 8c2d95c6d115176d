// Where a reader finds its company, in this order: an export, a server that was named, the company running in this
// workspace, and the workspace's own store, which is served for as long as the command takes.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { outboundBus } from '../actors/outbound.ts';
import type { Bus, Stored } from '../bus/bus.ts';
import { type Clock, RealClock } from '../bus/clock.ts';
import { HeadcountError } from '../bus/errors.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { type CliContext, note } from './context.ts';
import { servesOwnStore } from './elsewhere.ts';
import { UsageError } from './errors.ts';
import type { Trouble } from './lost-companies.ts';
import { readRunFile, storeDirOf } from './run-file.ts';
import { namedServer } from './urls.ts';

export type Where = {
  readonly nats?: string;
  readonly company?: string;
  /** An export; nothing else is asked then. */
  readonly from?: string;
};

export type Reading = {
  readonly bus: Bus;
  readonly company: string;
  /** True when a process works on it, as far as can be told. */
  readonly live: boolean;
  /** True when the ledgers of this workspace are of this stream. */
  readonly noted: boolean;
  /** What is wrong with the other companies of this workspace; absent where its own store is not read. */
  readonly others?: () => Promise<readonly Trouble[]>;
  /** The company's time, once `withCompanyToChange` has looked; absent for an export. */
  readonly clock?: Clock;
  /** Asks which of these processes are there; absent where no process can be. */
  readonly present?: (names: readonly string[]) => Promise<readonly { name: string; incarnation: number }[]>;
};

type Opened = Reading & { keepTime?(): Promise<void>; close(): Promise<void> };

/** There is no company to read here. Exit code 5. */
export class NoCompany extends HeadcountError {
  override readonly name = 'NoCompany';
  constructor(message: string, next = 'headcount run scenarios/first-product.yaml') {
    super('NO_COMPANY', message, next);
  }
}

/**
 * Opens a company, hands it to `use`, and closes everything whatever happens.
 * Throws NoCompany, UsageError for a company that is not there, and what the server or the export throws.
 */
export async function withCompany<T>(
  where: Where,
  context: CliContext,
  use: (reading: Reading) => Promise<T>,
): Promise<T> {
  const opened = await open(where, context);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

/**
 * As `withCompany`, for a command that writes: in the company's time, without the secrets of the environment in what is said, and
 * never to an export.
 * Throws UsageError for an export.
 */
export async function withCompanyToChange<T>(
  where: Where,
  context: CliContext,
  use: (reading: Reading) => Promise<T>,
): Promise<T> {
  if (where.from !== undefined) throw new UsageError('an export is only read', 'leave --from out');
  const opened = await open(where, context);
  try {
    await opened.keepTime?.();
    const operator = () => ({ role: 'operator', attempt: 1 });
    return await use({ ...opened, bus: outboundBus(opened.bus, createSecrets(context.env), operator) });
  } finally {
    await opened.close();
  }
}

async function open(where: Where, context: CliContext): Promise<Opened> {
  if (where.from !== undefined) return openExport(resolve(context.cwd, where.from), where.company);
  const named = namedServer(where.nats, context.env);
  const note = readRunFile(context.cwd);
  if (named !== undefined) {
    const wanted = where.company ?? (note?.url === named ? note.company : undefined);
    return openServer({ url: named, wanted, live: true, own: note?.url === named }, context);
  }
  if (note !== undefined) {
    const wanted = where.company ?? note.company;
    return openServer({ url: note.url, wanted, live: wanted === note.company, own: true }, context);
  }
  return openStore(where.company, context);
}

async function openExport(path: string, company: string | undefined): Promise<Opened> {
  const [{ readExported }, { importStream }, { MemoryBus }, { MemoryStream }] = await Promise.all([
    import('../bus/export-read.ts'),
    import('../bus/import.ts'),
    import('../bus/memory.ts'),
    import('../bus/memory/stream.ts'),
  ]);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new HeadcountError('EXPORT_UNREADABLE', `cannot read the export ${path}`, 'check the path', {
      exit: 3,
      cause,
    });
  });
  const { header, messages, blobs, durables } = readExported(text, path);
  const name = company ?? header.company;
  const stream = new MemoryStream();
  await importStream({ kind: 'memory', stream }, messages, { blobs, durables });
  const bus = new MemoryBus(name, new RealClock(), { stream });
  return { bus, company: name, live: false, noted: false, close: () => bus.close() };
}

async function openStore(company: string | undefined, context: CliContext): Promise<Opened> {
  const server = await openOwnServer(context);
  try {
    const place = { url: server.url, wanted: company, live: false, own: true, stored: true };
    const opened = await openServer(place, context);
    const close = async () => {
      await opened.close();
      await server.stop();
    };
    return { ...opened, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Serves the workspace's own store. Throws NoCompany when there is none and none is to be made. */
async function openOwnServer(context: CliContext, make = false) {
  const storeDir = storeDirOf(context.cwd);
  if (!make && !existsSync(join(storeDir, 'jetstream'))) throw new NoCompany('no company has run in this folder');
  const { startServer } = await import('../bus/server/launcher.ts');
  return startServer({
    storeDir,
    env: { ...context.env },
    progress: (line) => note(context, line),
    signal: context.stop,
  });
}

export type Server = {
  readonly url: string;
  /** False for one that runs only as long as this command. */
  readonly stays: boolean;
  /** The company that is known to run on it. */
  readonly running: string | undefined;
  /** True when the workspace's own store is behind it. */
  readonly own: boolean;
};

/**
 * The server whose companies a command is about, found as for `withCompany`; `make`: a workspace without a store gets one.
 * Throws NoCompany, ServerFailure.
 */
export async function withServer<T>(
  where: Pick<Where, 'nats'>,
  context: CliContext,
  use: (server: Server) => Promise<T>,
  { make = false } = {},
): Promise<T> {
  const named = namedServer(where.nats, context.env);
  const note = readRunFile(context.cwd);
  const url = named ?? note?.url;
  if (url !== undefined) {
    const running = note?.url === url ? note.company : undefined;
    return use({ url, stays: true, running, own: servesOwnStore(context.cwd, url) });
  }
  const server = await openOwnServer(context, make);
  try {
    return await use({ url: server.url, stays: false, running: undefined, own: true });
  } finally {
    await server.stop();
  }
}

type Place = {
  readonly url: string;
  readonly wanted: string | undefined;
  readonly live: boolean;
  /** A server of this workspace. */
  readonly own: boolean;
  /** The workspace's own store, for as long as the command takes. */
  readonly stored?: boolean;
};

async function openServer({ url, wanted, live, own, stored = false }: Place, context: CliContext): Promise<Opened> {
  const { companiesAt, openStream } = await import('./stream.ts');
  const companies = await companiesAt(url);
  if (own) await explainLost(companies, wanted, context);
  const company = chooseCompany(companies, wanted, (line) => note(context, line));
  const others = async () => {
    const { othersInTrouble } = await import('./lost-companies.ts');
    return othersInTrouble({ url, known: companies, but: company }, context.cwd);
  };
  const served = stored || servesOwnStore(context.cwd, url);
  const noted = own || companies.some((one) => one.company === company && one.workspace === context.cwd);
  return { company, live, noted, ...(served && { others }), ...(await openStream(url, company)) };
}

/** Throws StreamDamaged for a company that a ledger has seen and the server does not hold. */
async function explainLost(
  companies: readonly Known[],
  wanted: string | undefined,
  { cwd }: CliContext,
): Promise<void> {
  const there = wanted === undefined ? companies.length > 0 : companies.some(({ company }) => company === wanted);
  if (there) return;
  const { firstLost, lostCompany } = await import('./lost-companies.ts');
  const lost = wanted === undefined ? await firstLost(cwd, companies) : await lostCompany(cwd, wanted);
  if (lost) throw lost;
}

/** A company as a server knows it. */
export type Known = {
  readonly company: string;
  /** Of its last message, epoch ms. */
  readonly lastAt: number;
  /** The last sequence of its stream, and how many messages that holds. */
  readonly lastSeq: number;
  readonly messages: number;
  /** The folder that it was started in, as its stream says. */
  readonly workspace?: string | undefined;
};

/** The one that was named; else the only one; else the one that spoke last, which is said. */
export function chooseCompany(
  known: readonly Pick<Known, 'company' | 'lastAt'>[],
  wanted: string | undefined,
  say: (line: string) => void,
): string {
  const names = known.map(({ company }) => company);
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    const next = names.length === 0 ? 'it holds none' : `it holds: ${names.join(', ')}`;
    throw new UsageError(`there is no company ${wanted} on this server`, next);
  }
  const [first, ...others] = [...known].sort((a, b) => b.lastAt - a.lastAt);
  if (first === undefined) throw new NoCompany('the server holds no company');
  if (others.length > 0) {
    say(`${first.company} (others here: ${others.map(({ company }) => company).join(', ')}; choose with --company)`);
  }
  return first.company;
}

/** Everything the stream holds now. */
export async function readHistory(bus: Bus): Promise<Stored[]> {
  const history: Stored[] = [];
  for await (const stored of bus.replay({ filter: '>' })) history.push(stored);
  return history;
}

/**
 * Hands messages to `show` until it returns false or the reader is told to end; a company that does not run ends with its
 * last message.
 */
export async function followFrom(
  { bus, live }: Reading,
  range: { readonly filter: string; readonly fromSeq: number | undefined },
  { drain }: Pick<CliContext, 'drain'>,
  show: (stored: Stored) => boolean,
): Promise<void> {
  const from = range.fromSeq === undefined ? {} : { fromSeq: range.fromSeq };
  if (!live) {
    for await (const stored of bus.replay({ filter: range.filter, ...from })) {
      if (drain.aborted || !show(stored)) return;
    }
    return;
  }
  const { promise, end } = ending(drain);
  let ended = false;
  const tap = await bus.tap({ filter: range.filter, ...from }, (stored) => {
    if (ended || show(stored)) return;
    ended = true;
    end();
  });
  await promise;
  ended = true;
  await tap.close();
}

function ending(signal: AbortSignal): { promise: Promise<void>; end: () => void } {
  let end = () => {};
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return { promise, end };
}
