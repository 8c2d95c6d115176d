// A nats-server of our own that is started again, on its port and its store, when it ends without being told to. The
// connections to it wait meanwhile and lose nothing.

import { setTimeout as wait } from 'node:timers/promises';
import { reasonOf } from '../bus/errors.ts';
import { ServerFailure } from '../bus/server/errors.ts';
import { type LaunchOptions, type RunningServer, startServer } from '../bus/server/launcher.ts';
import { lastPort, notePort } from '../bus/server/store.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A server that has run for this long ends by accident, not because it cannot run. */
const SOUND_MS = 60_000;

export type KeptServer = Pick<RunningServer, 'url' | 'version'> & {
  /** Stops it for good. */
  stop(): Promise<void>;
  /** Ends it, so that it is started again: for one that hangs. */
  restart(): Promise<void>;
};

/**
 * Starts a server and keeps it running until `stop`.
 * @param say gets one line when it ended, one when it is back, and one for each new reason why it does not come back
 * @throws what startServer throws, for the first start
 */
export async function keepServer(options: LaunchOptions, say: (line: string) => void): Promise<KeptServer> {
  const first = await startAtItsPort(options);
  const { url, version, port } = first;
  const stopping = new AbortController();
  const { signal } = stopping;
  let server: RunningServer | undefined = first;

  async function startAgain(pauseMs: number): Promise<RunningServer> {
    let said = '';
    for (let pause = pauseMs; ; pause = longer(pause)) {
      await wait(pause, undefined, { signal });
      try {
        return await startServer({ ...options, port, signal });
      } catch (error) {
        signal.throwIfAborted();
        const reason = reasonOf(error);
        if (reason !== said) say(`nats-server does not start: ${reason}; trying on`);
        said = reason;
      }
    }
  }

  async function keep(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (server !== undefined) {
      const started = performance.now();
      const how = await server.ended;
      if (signal.aborted) return;
      say(`nats-server ended (${how}); starting it again on port ${port}`);
      pause = performance.now() - started > SOUND_MS ? FIRST_PAUSE_MS : longer(pause);
      server = undefined;
      server = await startAgain(pause);
      say('nats-server runs again');
    }
  }

  const kept = keep().catch((error: unknown) => {
    if (!signal.aborted) say(`nats-server is given up: ${reasonOf(error)}`);
  });
  return {
    url,
    version,
    restart: async () => {
      await server?.stop();
    },
    stop: async () => {
      stopping.abort(new Error('stopped'));
      await server?.stop();
      await kept;
      await server?.stop();
    },
  };
}

/** A company is found where it was: other processes of it may wait there. */
async function startAtItsPort(options: LaunchOptions): Promise<RunningServer> {
  const port = options.port ?? (await lastPort(options.storeDir)) ?? 0;
  const server = await startServer({ ...options, port }).catch((error: unknown) => {
    if (port === options.port || !(error instanceof ServerFailure) || error.code !== 'PORT_TAKEN') throw error;
    return startServer(options);
  });
  await notePort(options.storeDir, server.port);
  return server;
}

const longer = (pauseMs: number): number => Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
