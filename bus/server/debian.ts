// Packages from a Debian archive without root and without installing them: apt checks the signatures and downloads into a
// folder of ours, dpkg only unpacks. Nothing of the system's own package state is read or changed.

import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reasonOf } from '../errors.ts';
import { type Archive, machineArchives } from './apt.ts';
import { exists, installOnce } from './cache.ts';
import { NoPackage } from './errors.ts';

const execute = promisify(execFile);

const APT_LIMIT_MS = 180_000;

export type DebianFetch = {
  readonly package: string;
  /** Release code names, best first; the machine's own goes first when it is among them. */
  readonly suites: readonly string[];
  /** Root of the cache; the package is unpacked below it. */
  readonly cacheDir: string;
  /** Throws when the unpacked package does not work here; the next suite is then tried. */
  readonly check?: (dir: string) => Promise<unknown>;
  /** Gets one line when a download begins. */
  readonly progress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Everything apt would take from the machine is pointed into `dir`; what stays are its proxies and credentials. */
function aptConfig(dir: string): string {
  return [
    `Dir::Etc::sourcelist "${dir}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    `Dir::State "${dir}/state";`,
    `Dir::State::status "${dir}/status";`,
    `Dir::Cache "${dir}/cache";`,
    'APT::Default-Release "";',
    // As root apt would hand downloads to a user that cannot enter our folder.
    'APT::Sandbox::User "root";',
    // Hooks of the machine that run after an update, such as rebuilding its software catalogue.
    '#clear APT::Update;',
    'Acquire::Languages "none";',
    'Acquire::Retries "1";',
    'Acquire::http::Timeout "15";',
    'Acquire::https::Timeout "15";',
    '',
  ].join('\n');
}

/** The line of apt's answer that says what went wrong. */
function aptReason(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'there is no apt-get or dpkg here';
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const line = stderr.split('\n').find((text) => /^[EW]: /.test(text));
  return line ?? reasonOf(error).split('\n')[0] ?? 'unknown';
}

/** "nats-server 2.10.27: fetching from the Debian archive, 4.5 MB", from `apt-get download --print-uris`. */
function announcement(name: string, printed: string): string {
  const match = /^'[^']*' (\S+) (\d+)/m.exec(printed);
  const version = match?.[1]
    ?.split('_')[1]
    ?.replace(/^\d+%3a/i, '')
    .replace(/-[^-]*$/, '');
  const size = match ? `, ${Math.max(Number(match[2]) / 1e6, 0.1).toFixed(1)} MB` : '';
  return `${name}${version ? ` ${version}` : ''}: fetching from the Debian archive${size}`;
}

/** Downloads and unpacks into `scratch`; returns the unpacked folder. */
async function fetchInto(scratch: string, suite: string, archive: Archive, want: DebianFetch): Promise<string> {
  const options = ['target=Packages', ...(archive.signedBy ? [`signed-by=${archive.signedBy}`] : [])];
  const config = join(scratch, 'apt.conf');
  const unpacked = join(scratch, 'unpacked');
  for (const dir of ['state/lists/partial', 'cache/archives/partial']) {
    await mkdir(join(scratch, dir), { recursive: true });
  }
  await writeFile(join(scratch, 'status'), '');
  await writeFile(join(scratch, 'sources.list'), `deb [${options.join(' ')}] ${archive.uri} ${suite} main\n`);
  await writeFile(config, aptConfig(scratch));
  const apt = (...args: string[]) =>
    execute('apt-get', ['-c', config, '-q', ...args], {
      cwd: scratch,
      env: { ...process.env, LC_ALL: 'C' },
      timeout: APT_LIMIT_MS,
      signal: want.signal,
    });
  await apt('update');
  want.progress?.(announcement(want.package, (await apt('download', '--print-uris', want.package)).stdout));
  await apt('download', want.package);
  const deb = (await readdir(scratch)).find((name) => name.endsWith('.deb'));
  if (!deb) throw new Error('apt-get download left no package');
  await execute('dpkg', ['-x', join(scratch, deb), unpacked], { signal: want.signal });
  await want.check?.(unpacked);
  return unpacked;
}

async function ownCodename(): Promise<string | undefined> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1];
}

/** Where a package of a suite is kept, unpacked. */
export function debianDir(cacheDir: string, name: string, suite: string): string {
  return join(cacheDir, 'debian', `${name}-${suite}`);
}

/**
 * Brings a package of the Debian archive, unpacked, into the cache; returns its folder (the package's `/`). What the cache
 * holds is used as it is. Needs apt and dpkg, not root. Throws NoPackage, or the signal's reason.
 */
export async function fetchDebianPackage(want: DebianFetch): Promise<string> {
  const own = await ownCodename();
  const suites = [...want.suites].sort((a, b) => Number(b === own) - Number(a === own));
  for (const suite of suites) {
    const dir = debianDir(want.cacheDir, want.package, suite);
    if (await exists(dir)) return dir;
  }
  const archives = await machineArchives();
  if (archives.length === 0) throw new NoPackage(want.package, ['this machine is not set up for a Debian archive']);
  const reasons: string[] = [];
  for (const suite of suites) {
    const dir = debianDir(want.cacheDir, want.package, suite);
    for (const archive of archives) {
      try {
        await installOnce(dir, (scratch) => fetchInto(scratch, suite, archive, want), want.signal);
        return dir;
      } catch (error) {
        want.signal?.throwIfAborted();
        reasons.push(`${suite}: ${aptReason(error)}`);
      }
    }
  }
  throw new NoPackage(want.package, reasons);
}
