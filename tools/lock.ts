// One at a time over the processes of this machine: a file with the holder's process id. One whose holder is dead is broken.

import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { HeadcountError } from '../bus/errors.ts';
import { isAlive } from '../bus/server/alive.ts';

const LOOK_AGAIN_MS = 20;
/** How long a living holder is waited for. */
const PATIENCE_MS = 60_000;
/** Breaking, and writing a number into a new file, takes a moment; whoever takes longer died over it. */
const MOMENT_MS = 5_000;

type LockOptions = {
  /** How long a living holder is waited for, ms. */
  readonly patienceMs?: number;
  /** What is thrown then. */
  readonly held?: (holder: number | undefined) => Error;
};

/** Runs `work` while holding the file. Throws `held`, or HeadcountError, when a living process holds it for too long. */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { patienceMs = PATIENCE_MS, held = (holder) => locked(path, holder) }: LockOptions = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  for (let waited = 0; !(await take(path)); waited += LOOK_AGAIN_MS) {
    if (waited >= patienceMs) throw held(await holderOf(path));
    await wait(LOOK_AGAIN_MS);
  }
  try {
    return await work();
  } finally {
    ours.delete(path);
    await rm(path, { force: true });
  }
}

/** What this process holds or tries to take. A file with its id that is not here is a dead one's: in containers ids come again. */
const ours = new Set<string>();

function locked(path: string, holder: number | undefined): HeadcountError {
  return new HeadcountError('LOCKED', `process ${holder} holds ${path} for a minute`, 'end it, or wait for it');
}

async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    // On a full disk the file is there, without a number.
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function holderOf(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

async function take(path: string): Promise<boolean> {
  if (ours.has(path)) return false;
  ours.add(path);
  let taken = false;
  try {
    taken = await create(path);
    if (!taken) await breakDead(path);
    return taken;
  } finally {
    if (!taken) ours.delete(path);
  }
}

async function breakDead(path: string): Promise<void> {
  const holder = await holderOf(path);
  // Without a number it is being written.
  if (holder === undefined ? !(await isOld(path)) : holder !== process.pid && isAlive(holder)) return;
  await breakIt(path, holder);
}

async function isOld(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return Date.now() - mtimeMs > MOMENT_MS;
}

/** One breaks at a time, and looks again before: the next holder's file must not be the one that is removed. */
async function breakIt(path: string, dead: number | undefined): Promise<void> {
  const breaking = `${path}.breaking`;
  if (!(await create(breaking))) {
    if (await isOld(breaking)) await rm(breaking, { force: true });
    return;
  }
  if ((await holderOf(path)) === dead && (dead !== undefined || (await isOld(path)))) await rm(path, { force: true });
  await rm(breaking, { force: true });
}
