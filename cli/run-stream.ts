// The stream that a run writes: JetStream on a server that was named or that we start, else the memory bus, and one line
// that says which.

import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { MAIN } from '../actors/processes.ts';
import type { Bus, Stored } from '../bus/bus.ts';
import { type Clock, RealClock } from '../bus/clock.ts';
import { reasonOf } from '../bus/errors.ts';
import { CompanyRunning } from '../bus/jetstream/errors.ts';
import type { StreamHealth } from '../bus/jetstream/guard.ts';
import { streamName } from '../bus/jetstream/stream.ts';
import { type JetStreamBus, openJetStreamBus } from '../bus/jetstream.ts';
import { MemoryBus } from '../bus/memory.ts';
import { NoServer } from '../bus/server/errors.ts';
import { NoCompany } from './connect.ts';
import type { CliContext } from './context.ts';
import { noteElsewhere, servesOwnStore } from './elsewhere.ts';
import { keepServer } from './kept-server.ts';
import { type Checking, openCompanyLedger } from './ledgers.ts';
import { explainGone } from './lost-companies.ts';
import { readRunFile, removeRunFile, storeDirOf, writeRunFile } from './run-file.ts';
import { startsAgain } from './stuck-server.ts';
import { namedServer, withoutSecret } from './urls.ts';

/** How long an end may take to note the last words of the company, in ms: they are a few, and a server that is there answers at once. */
const LAST_WORDS_MS = 2_000;

export type RunStream<C extends Clock = Clock> = {
  readonly bus: Bus;
  readonly clock: C;
  /** One line for people. */
  readonly described: string;
  /** True when it can be read after the run, from the workspace's store. */
  readonly readable: boolean;
  /** What knows of other processes; undefined on the memory bus. */
  readonly network: JetStreamBus | undefined;
  /**
   * To be shown the past of a company before anything is written. At its `end` it is what it was, and this process alone runs
   * it. Throws StreamDamaged, CompanyRunning.
   */
  readonly checking: Checking;
  /** To be told every message the stream shows, in order: what notices a damaged store is kept from it. */
  readonly seen: (stored: Stored, bytes?: Uint8Array) => void;
  /** Says from now on when the stream takes nothing, and when it does again. */
  readonly onHealth: (hear: (health: StreamHealth) => void) => void;
  /** Closes the bus, then the server if it is ours. */
  close(): Promise<void>;
};

export type RunStreamOptions<C extends Clock = Clock> = {
  readonly company: string;
  readonly bus: 'jetstream' | 'memory' | undefined;
  readonly nats: string | undefined;
  readonly kind: 'company' | 'scenario';
  /** Only joins a company that somebody else runs. */
  readonly join?: boolean;
  /** Copies of the stream in a cluster; undefined = as it is. */
  readonly replicas?: number | undefined;
  /** Name of this process, when it was given: it takes the place of another one with that name. */
  readonly name?: string | undefined;
  /** Clears what a scenario left here, whose messages are going to be removed; without it that is refused. */
  readonly clear?: ((messages: number) => Promise<void>) | undefined;
  readonly context: CliContext;
  /** Made once it is known which bus it is for. */
  readonly clock: (bus: 'jetstream' | 'memory') => C;
  readonly log: (line: string) => void;
};

/**
 * Opens it; unless it only joins, no other process can run the same company until it is closed.
 * Throws CompanyRunning, NoCompany for one to join, and what else the server or the stream refuses; only a missing server falls back to memory, when
 * nobody asked for one.
 */
export async function openRunStream<C extends Clock>(options: RunStreamOptions<C>): Promise<RunStream<C>> {
  const { company, context, log } = options;
  if (options.bus === 'memory') return memory(options, 'memory bus: nothing is kept, `headcount tap` cannot reach it');
  const named = namedServer(options.nats, context.env);
  if (named !== undefined) return jetstream(options, named, `NATS at ${withoutSecret(named)}`, foreign);
  const here = readRunFile(context.cwd);
  if (options.join) {
    if (here !== undefined) return jetstream(options, here.url, `NATS at ${here.url}`, foreign);
    const next = 'start it with `headcount up`, or name the server of a running one with --nats';
    throw new NoCompany('no company runs in this folder that could be joined', next);
  }
  if (here?.company === company && !here.joined) throw new CompanyRunning(company, { pid: here.pid, host: hostname() });
  try {
    const launch = {
      storeDir: storeDirOf(context.cwd),
      sync: options.kind === 'company' ? 'always' : 'fast',
      env: { ...context.env },
      progress: (line: string) => context.err(`${line}\n`),
      signal: context.drain,
    } as const;
    const server = await keepServer(launch, log);
    const described = `nats-server ${server.version} at ${server.url}, JetStream stream ${streamName(company)}`;
    return await jetstream(options, server.url, described, server).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
  } catch (error) {
    if (!(error instanceof NoServer) || options.bus === 'jetstream') throw error;
    log(error.message);
    return memory(options, 'memory bus, for want of a nats-server; everything works but `headcount tap`');
  }
}

function memory<C extends Clock>({ company, clock, log }: RunStreamOptions<C>, described: string): RunStream<C> {
  const time = clock('memory');
  const bus = new MemoryBus(company, time, { log });
  const checking = { look: () => {}, end: async () => {} };
  const idle = { network: undefined, checking, seen: () => {}, onHealth: () => {} };
  return { bus, clock: time, described, readable: false, ...idle, close: () => bus.close() };
}

/** What we may do to the server. */
type Served = { stop(): Promise<void>; restart?(): Promise<void> };

/** Somebody else's is left alone. */
const foreign: Served = { stop: async () => {} };

async function jetstream<C extends Clock>(
  { company, kind, clock, context, log, join = false, name, replicas, clear }: RunStreamOptions<C>,
  url: string,
  described: string,
  server: Served,
): Promise<RunStream<C>> {
  const fresh = kind === 'scenario';
  const own = server !== foreign || servesOwnStore(context.cwd, url);
  const notes = { workspace: context.cwd, company, fresh, log: (_: string, line: string) => log(line) };
  const ledger = await openCompanyLedger(notes);
  const replaces = async (messages: number) => {
    await clear?.(messages);
    await ledger.forget('a company begins where a scenario was played');
  };
  const keepsStore = server !== foreign;
  const owner = { workspace: context.cwd, kind, fresh, known: ledger.known, keepsStore, ...(clear && { replaces }) };
  const time = clock('jetstream');
  const note = { url: withoutSecret(url), company, pid: process.pid, joined: join };
  const { restart } = server;
  const stuck = restart && startsAgain(new RealClock(), restart);
  const health = listening((now) => {
    writeRunFile(context.cwd, now.state === 'sound' ? note : { ...note, trouble: now.reason });
    stuck?.hear(now);
  });
  const who = { pid: process.pid, host: hostname(), name: name ?? MAIN, replaces: name !== undefined };
  const runs = join ? {} : { owner, claim: who, ...(replicas === undefined ? {} : { replicas }) };
  const bus = await openJetStreamBus({ servers: url, company, clock: time, ...runs, onHealth: health.told, log }).catch(
    async (error: unknown) => {
      stuck?.close();
      await ledger.close();
      throw await explainGone(error, context.cwd, company);
    },
  );
  noteElsewhere(context.cwd, company, own ? undefined : withoutSecret(url));
  const close = async () => {
    stuck?.close();
    await bus.close();
    await ledger.close();
  };
  const checking = await ledger.check(bus).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const end = async () => {
    await checking.end();
    await bus.claimed;
    writeRunFile(context.cwd, note);
  };
  // It has no past.
  if (fresh) await end();
  context.stop.addEventListener('abort', () => bus.giveUp(), { once: true });
  return {
    bus,
    clock: time,
    described,
    readable: true,
    network: bus,
    checking: { look: checking.look, end },
    seen: ledger.seen,
    onHealth: health.hear,
    close: async () => {
      removeRunFile(context.cwd, process.pid);
      if (health.sound && !context.stop.aborted) await noteLastWords(ledger.catchUp(bus), log);
      await close();
      await server.stop();
    },
  };
}

/** A process ends its projections before its stream: nothing shows it what was said last. A ledger that is behind keeps nobody from ending. */
async function noteLastWords(noting: Promise<void>, log: (line: string) => void): Promise<void> {
  const noted = new AbortController();
  const late = async () => {
    await wait(LAST_WORDS_MS, undefined, { signal: noted.signal });
    throw new Error(`the server did not answer within ${LAST_WORDS_MS / 1_000} s`);
  };
  try {
    await Promise.race([noting, late()]);
  } catch (error) {
    log(`the ledger ends before its stream: ${reasonOf(error)}`);
  } finally {
    noted.abort();
  }
}

/** Keeps what is told until there is somebody to hear it. */
function listening(first: (health: StreamHealth) => void): {
  readonly sound: boolean;
  told: (health: StreamHealth) => void;
  hear: (listener: (health: StreamHealth) => void) => void;
} {
  let listener: ((health: StreamHealth) => void) | undefined;
  let last: StreamHealth = { state: 'sound' };
  return {
    get sound() {
      return last.state === 'sound';
    },
    told: (health) => {
      last = health;
      first(health);
      listener?.(health);
    },
    hear: (to) => {
      listener = to;
      if (last.state !== 'sound') to(last);
    },
  };
}
