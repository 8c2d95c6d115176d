// The Chroma server that comes with the chromadb package, started for one workspace: its own folder, a free port on loopback,
// ended with the process that started it. Other processes of the workspace find it by the note it leaves.

import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../../../bus/server/alive.ts';
import { endChild, hasEnded, spawnTethered } from '../../../bus/server/child.ts';
import { StoreTrouble } from '../store.ts';

/** How long a server may take until it answers, ms: a quarter of a second is usual, a cold disk takes longer. */
const READY_MS = 20_000;
const LOOK_MS = 2_000;

const Note = z.object({ url: z.string(), pid: z.number().int().positive() });

export type ChromaServer = { readonly url: string; stop(): Promise<void> };

export type ServerOptions = {
  /** Where it keeps its data and its log. */
  readonly folder: string;
  /** Only one process at a time starts a server in a folder. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
};

/** The program of the bundled server. Throws StoreTrouble where it is not installed. */
export function bundledServer(): string {
  try {
    const client = createRequire(import.meta.url).resolve('chromadb');
    return join(dirname(client), '..', 'cli.mjs');
  } catch (cause) {
    throw new StoreTrouble('CHROMA_MISSING', 'the chromadb package is not installed', 'npm install', { cause });
  }
}

/** True when something answers like a Chroma server of a version that we speak to. */
export async function answers(url: string, limitMs = LOOK_MS): Promise<boolean> {
  try {
    const response = await fetch(new URL('/api/v2/heartbeat', url), { signal: AbortSignal.timeout(limitMs) });
    return response.ok && /heartbeat/.test(await response.text());
  } catch {
    return false;
  }
}

/**
 * The server of a folder: the one that runs there, else a new one. Only who started it can stop it.
 * Throws StoreTrouble when it does not start: its own words are in `chroma.log`.
 */
export function startChroma({ folder, alone }: ServerOptions): Promise<ChromaServer> {
  return alone(async () => {
    await mkdir(join(folder, 'data'), { recursive: true });
    const running = await noted(folder);
    if (running !== undefined) return { url: running, stop: async () => {} };
    return start(folder);
  });
}

const noteIn = (folder: string) => join(folder, 'server.json');

async function noted(folder: string): Promise<string | undefined> {
  const text = await readFile(noteIn(folder), 'utf8').catch(() => '');
  const note = Note.safeParse(text === '' ? undefined : safeJson(text));
  if (!note.success || !isAlive(note.data.pid)) return undefined;
  return (await answers(note.data.url)) ? note.data.url : undefined;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function start(folder: string): Promise<ChromaServer> {
  const program = bundledServer();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logPath = join(folder, 'chroma.log');
  const log = openSync(logPath, 'w');
  const where = ['--path', join(folder, 'data'), '--host', '127.0.0.1', '--port', String(port)];
  const child = await spawnTethered(process.execPath, [program, 'run', ...where], log);
  closeSync(log);
  const late = AbortSignal.timeout(READY_MS);
  while (!(await answers(url))) {
    if (!hasEnded(child) && !late.aborted) continue;
    await endChild(child);
    const said = (await readFile(logPath, 'utf8').catch(() => '')).trim().slice(-300);
    throw new StoreTrouble(
      'CHROMA_NOT_STARTED',
      `the bundled Chroma server does not start here: ${said || 'it said nothing'}`,
      'set CHROMA_URL to a server of your own, or `knowledge: { store: embedded }` in org.yaml',
    );
  }
  if (child.pid !== undefined) await writeFile(noteIn(folder), JSON.stringify({ url, pid: child.pid }));
  const stop = async () => {
    await rm(noteIn(folder), { force: true });
    await endChild(child);
  };
  return { url, stop };
}

/** A port that nobody has now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
