// The stream that a run writes: JetStream on a server that was named or that we start, else the memory bus, and one line
// that says which.

import { hostname } from 'node:os';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import { CompanyRunning } from '../bus/jetstream/errors.ts';
import { streamName } from '../bus/jetstream/stream.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import { MemoryBus } from '../bus/memory.ts';
import { NoServer } from '../bus/server/errors.ts';
import { withoutSecret } from './checks.ts';
import type { CliContext } from './context.ts';
import { keepServer } from './kept-server.ts';
import { readRunFile, removeRunFile, storeDirOf, writeRunFile } from './run-file.ts';

export type RunStream<C extends Clock = Clock> = {
  readonly bus: Bus;
  readonly clock: C;
  /** One line for people. */
  readonly described: string;
  /** True when it can be read after the run, from the workspace's store. */
  readonly readable: boolean;
  /** Closes the bus, then the server if it is ours. */
  close(): Promise<void>;
};

export type RunStreamOptions<C extends Clock = Clock> = {
  readonly company: string;
  readonly bus: 'jetstream' | 'memory' | undefined;
  readonly nats: string | undefined;
  readonly kind: 'company' | 'scenario';
  readonly context: CliContext;
  /** Made once it is known which bus it is for. */
  readonly clock: (bus: 'jetstream' | 'memory') => C;
  readonly log: (line: string) => void;
};

/**
 * Opens it; no other process can run the same company until it is closed.
 * Throws CompanyRunning and what else the server or the stream refuses; only a missing server falls back to memory, when
 * nobody asked for one.
 */
export async function openRunStream<C extends Clock>(options: RunStreamOptions<C>): Promise<RunStream<C>> {
  const { company, context, log } = options;
  if (options.bus === 'memory') return memory(options, 'memory bus: nothing is kept, `headcount tap` cannot reach it');
  const named = options.nats ?? (context.env.NATS_URL || undefined);
  if (named !== undefined) return jetstream(options, named, `NATS at ${withoutSecret(named)}`, async () => {});
  const here = readRunFile(context.cwd);
  if (here?.company === company) throw new CompanyRunning(company, { pid: here.pid, host: hostname() });
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
    return await jetstream(options, server.url, described, server.stop).catch(async (error: unknown) => {
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
  return { bus, clock: time, described, readable: false, close: () => bus.close() };
}

async function jetstream<C extends Clock>(
  { company, kind, clock, context, log }: RunStreamOptions<C>,
  url: string,
  described: string,
  stopServer: () => Promise<void>,
): Promise<RunStream<C>> {
  const owner = { workspace: context.cwd, kind, fresh: kind === 'scenario' };
  const time = clock('jetstream');
  const bus = await openJetStreamBus({ servers: url, company, clock: time, owner, claim: true, log });
  writeRunFile(context.cwd, { url, company, pid: process.pid });
  return {
    bus,
    clock: time,
    described,
    readable: true,
    close: async () => {
      removeRunFile(context.cwd, process.pid);
      await bus.close();
      await stopServer();
    },
  };
}
