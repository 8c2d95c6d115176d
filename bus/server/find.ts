import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { reasonOf } from '../errors.ts';
import { defaultCacheDir, exists } from './cache.ts';
import { debianDir, fetchDebianPackage } from './debian.ts';
import type { Rejection } from './errors.ts';
import { fetchRelease, releaseBinary } from './release.ts';
import { askVersion, refusalOf } from './version.ts';

/** Debian suites with a server of 2.10 or newer: first what is about to be released, then what is, then what is not yet. */
const SUITES = ['forky', 'trixie', 'sid'];
const IN_PACKAGE = 'usr/sbin/nats-server';

export type FoundServer = {
  readonly path: string;
  readonly version: string;
  readonly from: 'PATH' | 'cache' | 'release' | 'debian';
};

export type FindOptions = {
  /** Where PATH, HOME and XDG_CACHE_HOME are read. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Default: `$XDG_CACHE_HOME/headcount` or `~/.cache/headcount`. */
  readonly cacheDir?: string | undefined;
  /** False: look only, fetch nothing. */
  readonly fetch?: boolean | undefined;
  /** Gets one line when something is fetched, and one for a server that is refused. */
  readonly progress?: ((line: string) => void) | undefined;
  /** Told each place that gave no server, with the reason. */
  readonly rejected?: ((rejection: Rejection) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

type Search = {
  readonly env: NodeJS.ProcessEnv;
  readonly cacheDir: string;
} & Pick<FindOptions, 'progress' | 'rejected' | 'signal'>;

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The version of a usable server; undefined, with the reason told, when it cannot be used. */
async function usable(path: string, search: Search): Promise<string | undefined> {
  try {
    const version = await askVersion(path, search.signal);
    const reason = refusalOf(version);
    if (!reason) return version;
    search.rejected?.({ place: path, reason });
    search.progress?.(`${path} is not used: ${reason}`);
  } catch (error) {
    search.signal?.throwIfAborted();
    search.rejected?.({ place: path, reason: reasonOf(error) });
  }
  return undefined;
}

async function onPath(search: Search): Promise<FoundServer | undefined> {
  let seen = 0;
  for (const dir of (search.env.PATH ?? '').split(delimiter).filter((part) => part !== '')) {
    const path = join(dir, 'nats-server');
    if (!(await isExecutable(path))) continue;
    seen += 1;
    const version = await usable(path, search);
    if (version) return { path, version, from: 'PATH' };
  }
  if (seen === 0) search.rejected?.({ place: 'PATH', reason: 'no nats-server on it' });
  return undefined;
}

async function inCache(search: Search): Promise<FoundServer | undefined> {
  const debian = SUITES.map((suite) => join(debianDir(search.cacheDir, 'nats-server', suite), IN_PACKAGE));
  for (const path of [releaseBinary(search.cacheDir), ...debian]) {
    if (!(await exists(path))) continue;
    const version = await usable(path, search);
    if (version) return { path, version, from: 'cache' };
  }
  search.rejected?.({ place: search.cacheDir, reason: 'none fetched before' });
  return undefined;
}

async function fetched(
  from: 'release' | 'debian',
  place: string,
  search: Search,
  bring: () => Promise<string>,
): Promise<FoundServer | undefined> {
  try {
    const path = await bring();
    return { path, version: await askVersion(path, search.signal), from };
  } catch (error) {
    search.signal?.throwIfAborted();
    search.rejected?.({ place, reason: reasonOf(error) });
    return undefined;
  }
}

async function fromDebian({ cacheDir, progress, signal }: Search): Promise<string> {
  const check = async (dir: string) => {
    const reason = refusalOf(await askVersion(join(dir, IN_PACKAGE), signal));
    if (reason) throw new Error(reason);
  };
  const dir = await fetchDebianPackage({ package: 'nats-server', suites: SUITES, cacheDir, check, progress, signal });
  return join(dir, IN_PACKAGE);
}

/**
 * Looks for a nats-server of 2.10 or newer: on the PATH, in our cache, then fetches the official release, then Debian's
 * package. Undefined when none of them has one; `rejected` has then been told why of each. Throws only the signal's reason.
 */
export async function findServer(options: FindOptions = {}): Promise<FoundServer | undefined> {
  const env = options.env ?? process.env;
  const search: Search = { ...options, env, cacheDir: options.cacheDir ?? defaultCacheDir(env) };
  const here = (await onPath(search)) ?? (await inCache(search));
  if (here || options.fetch === false) return here;
  return (
    (await fetched('release', 'official release', search, () =>
      fetchRelease(search.cacheDir, search.progress, search.signal),
    )) ?? (await fetched('debian', 'Debian archive', search, () => fromDebian(search)))
  );
}
