// The folder a server keeps its streams in: `jetstream/`, beside it our log and the note of who serves it.

import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ServerFailure } from './errors.ts';
import { readInfo } from './ready.ts';

const note = z.object({ url: z.string(), serverId: z.string(), pid: z.number() });
type Note = z.infer<typeof note>;

const ANSWER_MS = 1_000;
const LAST_LINES = 5;

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

/** Refuses a store that another server serves: two on one folder destroy it, and nats-server itself takes no lock. */
export async function refuseStoreInUse(storeDir: string): Promise<void> {
  const text = await readFile(notePath(storeDir), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  let last: Note;
  try {
    last = note.parse(JSON.parse(text));
  } catch {
    return;
  }
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
