// The stream that a run writes: JetStream on a server that was named or that we start, else the memory bus, and one line
// that says which.

import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import { claimCompany } from '../bus/jetstream/claim.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import { MemoryBus } from '../bus/memory.ts';
import { NoServer } from '../bus/server/errors.ts';
import { startServer } from '../bus/server/launcher.ts';
import type { CliContext } from './context.ts';
import { removeRunFile, storeDirOf, writeRunFile } from './run-file.ts';

export type RunStream = {
  readonly bus: Bus;
  readonly clock: Clock;
  /** One line for people. */
  readonly described: string;
  /** True when it can be read after the run, from the workspace's store. */
  readonly readable: boolean;
  /** Keeps other processes from running the same company. Throws CompanyRunning. */
  claim(): Promise<void>;
  /** Closes the bus, then the server if it is ours. */
  close(): Promise<void>;
};

export type RunStreamOptions = {
  readonly company: string;
  readonly bus: 'jetstream' | 'memory' | undefined;
  readonly nats: string | undefined;
  readonly kind: 'company' | 'scenario';
  readonly context: CliContext;
  /** Made once it is known which bus it is for. */
  readonly clock: (bus: 'jetstream' | 'memory') => Clock;
  readonly log: (line: string) => void;
};

/** Opens it. Throws what the server or the stream refuses; only a missing server falls back to memory, when nobody asked for one. */
export async function openRunStream(options: RunStreamOptions): Promise<RunStream> {
  const { company, context } = options;
  if (options.bus === 'memory') return memory(options, 'memory bus: nothing is kept, `headcount tap` cannot reach it');
  const named = options.nats ?? (context.env.NATS_URL || undefined);
  if (named !== undefined) return jetstream(options, named, `NATS at ${named}`, async () => {});
  try {
    const server = await startServer({
      storeDir: storeDirOf(context.cwd),
      sync: options.kind === 'company' ? 'always' : 'fast',
      env: { ...context.env },
      progress: (line) => context.err(`${line}\n`),
      signal: context.drain,
    });
    const described = `nats-server ${server.version} at ${server.url}, JetStream stream ${company.toUpperCase()}`;
    return await jetstream(options, server.url, described, () => server.stop()).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
  } catch (error) {
    if (!(error instanceof NoServer) || options.bus === 'jetstream') throw error;
    return memory(
      options,
      `memory bus, for want of a nats-server (${error.message}); everything works but \`headcount tap\``,
    );
  }
}

function memory({ company, clock, log }: RunStreamOptions, described: string): RunStream {
  const time = clock('memory');
  const bus = new MemoryBus(company, time, { log });
  return { bus, clock: time, described, readable: false, claim: async () => {}, close: () => bus.close() };
}

async function jetstream(
  { company, kind, clock, context, log }: RunStreamOptions,
  url: string,
  described: string,
  stopServer: () => Promise<void>,
): Promise<RunStream> {
  const owner = { workspace: context.cwd, kind, fresh: kind === 'scenario' };
  const time = clock('jetstream');
  const bus = await openJetStreamBus({ servers: url, company, clock: time, owner, log });
  writeRunFile(context.cwd, { url, company, pid: process.pid });
  return {
    bus,
    clock: time,
    described,
    readable: true,
    claim: () => claimCompany(bus),
    close: async () => {
      removeRunFile(context.cwd);
      await bus.close();
      await stopServer();
    },
  };
}
