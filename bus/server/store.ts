// The folder a server keeps its streams in: `jetstream/`, beside it our log and the note of who serves it.

import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { isAlive } from './alive.ts';
import { ServerFailure } from './errors.ts';
import { readInfo } from './ready.ts';

const note = z.object({
  url: z.string(),
  serverId: z.string(),
  pid: z.number(),
  /** The process that started it; a server is left over when that is gone. */
  owner: z.number().optional(),
});
type Note = z.infer<typeof note>;

const ANSWER_MS = 1_000;
const LAST_LINES = 5;
/** How long a server may take to end after each signal. */
const LET_GO_MS = 5_000;
const LOOK_AGAIN_MS = 10;

const notePath = (storeDir: string) => join(storeDir, 'server.json');
const logPath = (storeDir: string) => join(storeDir, 'server.log');

function storeFailure(storeDir: string, cause: unknown): ServerFailure {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ServerFailure('STORE_FULL', `no space left for the store ${storeDir}`, 'free some disk space', cause);
  }
  const next = 'make it a folder you can write to, or choose another';
  return new ServerFailure('STORE_NOT_WRITABLE', `cannot write to the store ${storeDir} (${code})`, next, cause);
}

/** Creates the store and opens its log; the log of the run before is kept as `server.log.1`. Throws ServerFailure. */
export async function openStore(storeDir: string): Promise<FileHandle> {
  try {
    await mkdir(storeDir, { recursive: true });
    for (const name of await readdir(storeDir)) if (name.endsWith('.ports')) await rm(join(storeDir, name));
    await rename(logPath(storeDir), `${logPath(storeDir)}.1`).catch(() => undefined);
    return await open(logPath(storeDir), 'w');
  } catch (error) {
    throw storeFailure(storeDir, error);
  }
}

async function readNote(storeDir: string): Promise<Note | undefined> {
  const text = await readFile(notePath(storeDir), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return note.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** True when the noted server is still that process: ids of processes are used again. */
async function isServing(storeDir: string, { pid, url, serverId }: Note): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (command !== undefined) return command.split('\0').includes(storeDir);
  return (await readInfo(url, ANSWER_MS).catch(() => undefined))?.server_id === serverId;
}

/**
 * Ends a server whose starter was killed, so that its store can be served again: it may be on its way out already, and must
 * have let go of the files first.
 */
export async function endLeftOver(storeDir: string): Promise<void> {
  const last = await readNote(storeDir);
  if (last?.owner === undefined || isAlive(last.owner) || !(await isServing(storeDir, last))) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(last.pid, signal);
    } catch {
      return;
    }
    for (let waited = 0; waited < LET_GO_MS; waited += LOOK_AGAIN_MS) {
      if (!isAlive(last.pid)) return;
      await wait(LOOK_AGAIN_MS);
    }
  }
}

/** Refuses a store that another server serves: two on one folder destroy it, and nats-server itself takes no lock. */
export async function refuseStoreInUse(storeDir: string): Promise<void> {
  const last = await readNote(storeDir);
  if (last === undefined) return;
  const answer = await readInfo(last.url, ANSWER_MS).catch(() => undefined);
  if (answer?.server_id !== last.serverId) return;
  throw new ServerFailure(
    'STORE_IN_USE',
    `a nats-server (process ${last.pid}) already serves ${storeDir} at ${last.url}`,
    `join it with NATS_URL=${last.url}, or end it with: kill ${last.pid}`,
  );
}

export async function noteServer(storeDir: string, server: Note): Promise<void> {
  await writeFile(notePath(storeDir), `${JSON.stringify(server)}\n`);
}

const portPath = (storeDir: string) => join(storeDir, 'port');

/** The port this store was last kept at: other processes look for it there. */
export async function lastPort(storeDir: string): Promise<number | undefined> {
  const port = Number(await readFile(portPath(storeDir), 'utf8').catch(() => ''));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

export async function notePort(storeDir: string, port: number): Promise<void> {
  await writeFile(portPath(storeDir), `${port}\n`);
}

export async function forgetServer(storeDir: string): Promise<void> {
  await rm(notePath(storeDir), { force: true });
}

async function lastLines(storeDir: string): Promise<string[]> {
  const text = await readFile(logPath(storeDir), 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-LAST_LINES);
}

/** Why a server ended before it served, from its log. */
export async function deathOf(storeDir: string, port: number): Promise<ServerFailure> {
  const lines = await lastLines(storeDir);
  const log = lines.join('\n');
  if (/address already in use/.test(log)) {
    const next = 'choose another port, or set NATS_URL to the server that runs there';
    return new ServerFailure('PORT_TAKEN', `port ${port} is taken by another program`, next);
  }
  if (/no space left|disk quota exceeded/i.test(log)) return storeFailure(storeDir, 'ENOSPC');
  if (/permission denied|read-only file system|not a directory|not writable/i.test(log)) {
    return storeFailure(
      storeDir,
      /(permission denied|read-only file system|not a directory|not writable)/i.exec(log)?.[1],
    );
  }
  const next = `read ${logPath(storeDir)}`;
  return new ServerFailure('SERVER_DIED', `nats-server ended while starting; its last lines:\n${log}`, next);
}
