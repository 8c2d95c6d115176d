// Starts a nats-server for one company on this machine: found or fetched, on loopback, on its own store.

import type { ChildProcess } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { exists } from './cache.ts';
import { endChild, endOf, hasEnded, spawnTethered } from './child.ts';
import { NoServer, type Rejection, ServerFailure } from './errors.ts';
import { findServer } from './find.ts';
import { readInfo, type ServerInfo, syncsAlways } from './ready.ts';
import { deathOf, endLeftOver, forgetServer, noteServer, openStore, refuseStoreInUse } from './store.ts';

/** `always`: acknowledged means on disk. `fast`: on disk within two minutes, for streams that are thrown away. */
type Sync = 'always' | 'fast';

export type LaunchOptions = {
  /** Folder of the streams, the log and the generated files; created when missing. */
  readonly storeDir: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default: `always`. */
  readonly sync?: Sync;
  readonly cacheDir?: string;
  /** Where PATH, HOME and XDG_CACHE_HOME are read; default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Gets a line when something takes long (a download, a large store) or an installed server is refused. */
  readonly progress?: (line: string) => void;
  /** Gives up starting; afterwards use `stop`. */
  readonly signal?: AbortSignal;
};

export type RunningServer = {
  readonly url: string;
  readonly port: number;
  readonly version: string;
  readonly pid: number;
  /** How it ended (`code 1`, `SIGKILL`), once it has; after `stop` too. */
  readonly ended: Promise<string>;
  /** SIGTERM, after 5 s SIGKILL. Resolves when the process is gone; calling it again does nothing. */
  stop(): Promise<void>;
};

const LOOK_AGAIN_MS = 10;
/** A server with a very large store reads it before it answers. */
const START_LIMIT_MS = 120_000;
const SLOW_MS = 3_000;
const ANSWER_MS = 5_000;
/** What the server understands as a random free port. */
const ANY_PORT = '-1';

const portsFile = z.object({ nats: z.tuple([z.string()]).rest(z.string()), monitoring: z.tuple([z.string()]) });
type Ports = { url: string; monitor: string };

/** nats.conf at the root of the package, from the source tree as well as from dist/. */
async function packagedConfig(): Promise<string> {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!(await exists(join(dir, 'nats.conf')))) {
    if (dir === dirname(dir))
      throw new ServerFailure('SERVER_DIED', 'nats.conf is missing', 'install the package again');
    dir = dirname(dir);
  }
  return join(dir, 'nats.conf');
}

/** The packaged file itself, or for `fast` a copy in the store that differs in this one setting. */
async function configFor(sync: Sync, storeDir: string): Promise<string> {
  const packaged = await packagedConfig();
  if (sync === 'always') return packaged;
  const copy = join(storeDir, 'nats.conf');
  await writeFile(copy, (await readFile(packaged, 'utf8')).replace('sync_interval: always', 'sync_interval: "2m"'));
  return copy;
}

/** The addresses the server says it listens on; undefined until it does. */
async function readPorts(storeDir: string, pid: number): Promise<Ports | undefined> {
  const name = (await readdir(storeDir)).find((file) => file.endsWith(`_${pid}.ports`));
  if (!name) return undefined;
  try {
    const ports = portsFile.parse(JSON.parse(await readFile(join(storeDir, name), 'utf8')));
    return { url: ports.nats[0], monitor: ports.monitoring[0] };
  } catch {
    return undefined;
  }
}

async function waitForPorts(child: ChildProcess, pid: number, options: LaunchOptions): Promise<Ports> {
  const started = performance.now();
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    const ports = await readPorts(options.storeDir, pid);
    if (ports) return ports;
    if (hasEnded(child)) throw await deathOf(options.storeDir, options.port ?? 0);
    const waited = performance.now() - started;
    if (waited > START_LIMIT_MS) {
      const next = `read ${join(options.storeDir, 'server.log')}`;
      throw new ServerFailure('SERVER_SILENT', `nats-server does not answer after ${START_LIMIT_MS / 1000} s`, next);
    }
    if (waited > SLOW_MS && !told) {
      told = true;
      options.progress?.(`nats-server is still reading its store ${options.storeDir}`);
    }
    await wait(LOOK_AGAIN_MS);
  }
}

/** Reads back what was asked for: JetStream on, and writes synced as told. */
async function checkServer(ports: Ports, sync: Sync): Promise<ServerInfo> {
  const info = await readInfo(ports.url, ANSWER_MS);
  const synced = await syncsAlways(ports.monitor, AbortSignal.timeout(ANSWER_MS));
  if (info.jetstream && synced === (sync === 'always')) return info;
  const found = `JetStream ${info.jetstream ? 'on' : 'off'}, sync_interval ${synced ? 'always' : 'not always'}`;
  throw new ServerFailure(
    'CONFIG_IGNORED',
    `nats-server ${info.version} runs with ${found}`,
    'use another nats-server',
  );
}

async function pickServer(options: LaunchOptions): Promise<string> {
  const rejections: Rejection[] = [];
  const { env, cacheDir, progress, signal } = options;
  const rejected = (rejection: Rejection) => void rejections.push(rejection);
  const found = await findServer({ env, cacheDir, progress, signal, rejected });
  if (!found) throw new NoServer(rejections);
  return found.path;
}

async function launch(options: LaunchOptions): Promise<ChildProcess> {
  const { storeDir, port = 0, sync = 'always' } = options;
  const log = await openStore(storeDir);
  try {
    const path = await pickServer(options);
    const args = ['-c', await configFor(sync, storeDir), '-p', port === 0 ? ANY_PORT : String(port)];
    return await spawnTethered(path, [...args, '-m', ANY_PORT, '-sd', storeDir, '--ports_file_dir', storeDir], log.fd);
  } finally {
    await log.close();
  }
}

/**
 * Starts a server and waits until it answers with JetStream on. Finding one may fetch it first (see findServer). A server
 * on this store whose starter was killed is ended first.
 * Throws NoServer when there is none to be had, ServerFailure (PORT_TAKEN, STORE_NOT_WRITABLE, STORE_FULL, STORE_IN_USE,
 * SERVER_DIED, SERVER_SILENT, CONFIG_IGNORED), or the signal's reason.
 */
export async function startServer(options: LaunchOptions): Promise<RunningServer> {
  const { storeDir, sync = 'always' } = options;
  await endLeftOver(storeDir);
  await refuseStoreInUse(storeDir);
  const child = await launch(options);
  try {
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      if (child.pid !== undefined) resolve(child.pid);
    });
    const ports = await waitForPorts(child, pid, options);
    const info = await checkServer(ports, sync);
    await noteServer(storeDir, { url: ports.url, serverId: info.server_id, pid, owner: process.pid });
    const ended = endOf(child);
    const stop = async () => {
      await endChild(child);
      await forgetServer(storeDir);
    };
    return { url: ports.url, port: Number(new URL(ports.url).port), version: info.version, pid, ended, stop };
  } catch (error) {
    await endChild(child);
    throw error;
  }
}
