// Things we fetch once and keep: servers and tools, each in its own folder under the cache, there completely or not at all.

import { access, mkdir, mkdtemp, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_AGAIN_MS = 100;
const TOUCH_MS = 2_000;
/** A lock nobody has touched for this long was left by a process that died. */
const STALE_MS = 15_000;

/** `$XDG_CACHE_HOME/headcount`, else `~/.cache/headcount`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'headcount');
}

/** True when there is something at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

async function isStale(lock: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(lock)).mtimeMs > STALE_MS;
  } catch {
    return false;
  }
}

/** Takes the lock, or returns false when `target` appeared while waiting for it. */
async function takeLock(lock: string, target: string, signal?: AbortSignal): Promise<boolean> {
  for (;;) {
    if (await exists(target)) return false;
    try {
      await mkdir(lock);
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    if (await isStale(lock)) await rm(lock, { recursive: true, force: true });
    else await wait(LOOK_AGAIN_MS, undefined, { signal });
  }
}

/**
 * Makes sure the folder `target` exists, filled by `fill`, which gets an empty scratch folder beside it and returns the
 * part of it to keep. Safe with several processes at once: one fills, the others wait for it. The lock only saves work;
 * that `target` is never seen half full comes from the rename.
 */
export async function installOnce(
  target: string,
  fill: (scratch: string) => Promise<string>,
  signal?: AbortSignal,
): Promise<void> {
  const lock = `${target}.lock`;
  await mkdir(dirname(target), { recursive: true });
  if (!(await takeLock(lock, target, signal))) return;
  const touch = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined);
  }, TOUCH_MS);
  try {
    if (await exists(target)) return;
    const scratch = await mkdtemp(join(dirname(target), '.fetch-'));
    try {
      const kept = await fill(scratch);
      await rename(kept, target).catch(async (error: unknown) => {
        if (!(await exists(target))) throw error;
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  } finally {
    clearInterval(touch);
    await rm(lock, { recursive: true, force: true });
  }
}
