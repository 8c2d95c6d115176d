// The Chroma server that comes with the chromadb package, started for one workspace: its own folder, a free port on loopback,
// ended with the process that started it. Other processes of the workspace find it by the note it leaves and use it: two
// servers over one folder lose what the other one writes from their indexes of vectors (measured: 200 of 4,002).

import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { HeadcountError } from '../../../bus/errors.ts';
import { isAlive } from '../../../bus/server/alive.ts';
import { endChild, hasEnded, spawnTethered } from '../../../bus/server/child.ts';
import { StoreTrouble } from '../store.ts';
import { bundledProgram } from './binding.ts';
import { dataIn, hasKnowledge, logIn, makeFolder, noteIn } from './folder.ts';

/** How long a server may take until it answers, ms: a quarter of a second is usual, a cold disk takes longer. */
const READY_MS = 20_000;
const LOOK_MS = 2_000;
const LOOK_AGAIN_MS = 20;
/** Ports tried: between finding a free one and listening on it another program may take it. */
const PORTS = 3;

const Note = z.object({ url: z.string(), pid: z.number().int().positive() });

export type ChromaServer = { readonly url: string; stop(): Promise<void> };

export type ServerOptions = {
  /** Where it keeps its data and its log. */
  readonly folder: string;
  /** Only one process at a time starts or ends a server in a folder. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
};

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
export async function startChroma({ folder, alone }: ServerOptions): Promise<ChromaServer> {
  const program = bundledProgram();
  try {
    return await alone(async () => {
      const running = await noted(folder);
      if (running !== undefined) return { url: running, stop: async () => {} };
      await makeFolder(folder);
      const { url, end } = await start(program, folder);
      // Under the lock, so that nobody starts another one over the same files before it has ended; and in any case.
      return { url, stop: () => alone(end).catch(end) };
    });
  } catch (cause) {
    if (cause instanceof HeadcountError || !(cause instanceof Error && 'syscall' in cause)) throw cause;
    const next = 'make room and let this user write there; or set CHROMA_URL to a server of your own';
    throw new StoreTrouble('CHROMA_FOLDER', `${folder} cannot be used: ${cause.message}`, next, { cause });
  }
}

async function noted(folder: string): Promise<string | undefined> {
  const text = await readFile(noteIn(folder), 'utf8').catch(() => '');
  const note = Note.safeParse(text === '' ? undefined : safeJson(text));
  if (!note.success || !isAlive(note.data.pid)) return undefined;
  const { url, pid } = note.data;
  if (await answers(url)) return url;
  if (!hasDataOf(pid, folder)) return undefined;
  throw new StoreTrouble(
    'CHROMA_STUCK',
    `the Chroma server of this workspace (process ${pid}) does not answer`,
    `look at ${logIn(folder)}; kill ${pid}, and it is started again`,
  );
}

/** True when this process is a server over this folder. Where it cannot be seen: not, since ids come again. */
function hasDataOf(pid: number, folder: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataIn(folder));
  } catch {
    return false;
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Started = { readonly url: string; end(): Promise<void> };

async function start(program: string, folder: string, ports = PORTS): Promise<Started> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const log = openSync(logIn(folder), 'w');
  const where = ['--path', dataIn(folder), '--host', '127.0.0.1', '--port', String(port)];
  const child = await spawnTethered(process.execPath, [program, 'run', ...where], log).finally(() => closeSync(log));
  const late = AbortSignal.timeout(READY_MS);
  while (!(await answers(url)) || hasEnded(child)) {
    if (!hasEnded(child) && !late.aborted) {
      await wait(LOOK_AGAIN_MS);
      continue;
    }
    await endChild(child);
    const said = await readFile(logIn(folder), 'utf8').catch(() => '');
    if (/not available|in use/i.test(said) && ports > 1) return start(program, folder, ports - 1);
    throw notStarted(folder, said, late.aborted);
  }
  const end = async () => {
    await rm(noteIn(folder), { force: true }).catch(() => undefined);
    await endChild(child);
  };
  await writeFile(noteIn(folder), JSON.stringify({ url, pid: child.pid })).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  return { url, end };
}

function notStarted(folder: string, said: string, late: boolean): StoreTrouble {
  const why = reasonIn(said) ?? (late ? `it did not answer for ${READY_MS / 1000} s` : 'it said nothing');
  const next = hasKnowledge(folder)
    ? `look at ${logIn(folder)}; when ${dataIn(folder)} is damaged, remove it and ingest again`
    : 'set CHROMA_URL to a server of your own, or `knowledge: { store: embedded }` in org.yaml';
  return new StoreTrouble('CHROMA_NOT_STARTED', `the bundled Chroma server does not start here: ${why}`, next);
}

/** The line of a log that says why: that of an error where there is one. Pure. */
export function reasonIn(log: string): string | undefined {
  const lines = stripVTControlCharacters(log)
    .split('\n')
    .map((line) => line.trim());
  const telling = lines.find((line) => /error|panicked|cannot|failed|not available/i.test(line));
  return (telling ?? lines.findLast((line) => line !== ''))?.slice(0, 300);
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
