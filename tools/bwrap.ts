// The command line of bubblewrap: what a contained program sees. Unprivileged; tried with bubblewrap 0.8.

import { lstat, mkdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Limits } from './process.ts';

/** A folder of the root: a link into /usr on merged systems, else a folder of its own. */
type Root = { readonly path: string; readonly link: string | undefined };

/** What is the same for every run. */
export type Inside = {
  readonly binary: string;
  /** Our own /etc. */
  readonly etc: string;
  readonly node: NodePlaces;
  readonly prlimit: string | undefined;
  readonly roots: readonly Root[];
};

export type Wrapped = {
  readonly argv: readonly string[];
  readonly dir: string;
  readonly workDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly limits?: Limits;
  readonly socketDir?: string;
  /** A folder of its own, kept outside `dir`: its home. */
  readonly home?: string;
  /** Programs it may read, where they are on this machine. */
  readonly shown?: readonly string[];
};

/** The folder of the run, inside, and the home of a program that has one of its own. */
const HOME = '/home/task';
const OWN_HOME = '/home/task-own';

/** Largest file, most processes, and memory files in /tmp. */
const FILE_BYTES = 100_000_000;
const PROCESSES = 512;
const TMP_BYTES = 256_000_000;

/** Where node and npm are, when they are not below /usr. */
export type NodePlaces = { readonly execPath: string; readonly npm: string | undefined };

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** Finds this node and its npm; only those two are shown inside, never the folder they are in, which may be a home. */
export async function nodePlaces(execPath: string): Promise<NodePlaces> {
  const real = await realpath(execPath);
  const npm = join(dirname(dirname(real)), 'lib/node_modules/npm');
  return { execPath: real, npm: (await exists(npm)) ? npm : undefined };
}

/** The folders of the root that programs need. */
export async function insidePath(): Promise<readonly Root[]> {
  const roots: Root[] = [];
  for (const path of ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']) {
    if (!(await exists(path))) continue;
    const isLink = (await lstat(path)).isSymbolicLink();
    roots.push({ path, link: isLink ? await readlink(path) : undefined });
  }
  return roots;
}

const etcFiles = {
  hosts: '127.0.0.1 localhost\n::1 localhost\n',
  passwd: `task:x:1000:1000:task:${HOME}:/bin/sh\n`,
  group: 'task:x:1000:\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  'ld.so.cache': '',
};

/** Writes the little of /etc that programs look for: `localhost`, and a user. Returns the folder. */
export async function prepareEtc(cacheDir: string): Promise<string> {
  const etc = join(cacheDir, 'sandbox', 'etc');
  await mkdir(join(etc, 'alternatives'), { recursive: true });
  for (const [name, content] of Object.entries(etcFiles)) {
    const place = join(etc, name);
    // Left alone when it is right: a running program may be reading it.
    if ((await readFile(place, 'utf8').catch(() => undefined)) !== content) await writeFile(place, content);
  }
  return etc;
}

function nodeArgs(node: NodePlaces): string[] {
  if (node.execPath.startsWith('/usr/')) return [];
  const args = ['--ro-bind', node.execPath, '/opt/node/bin/node'];
  if (node.npm === undefined) return args;
  args.push('--ro-bind', node.npm, '/opt/node/lib/node_modules/npm');
  for (const [name, file] of [
    ['npm', 'npm-cli.js'],
    ['npx', 'npx-cli.js'],
  ]) {
    args.push('--symlink', `../lib/node_modules/npm/bin/${file}`, `/opt/node/bin/${name}`);
  }
  return args;
}

function pathOf(node: NodePlaces): string {
  const own = node.execPath.startsWith('/usr/') ? dirname(node.execPath) : '/opt/node/bin';
  return [...new Set([own, '/usr/local/bin', '/usr/bin', '/bin'])].join(':');
}

function limitArgs(prlimit: string | undefined, limits: Limits | undefined): string[] {
  if (prlimit === undefined) return [];
  // Not --as: V8 reserves more address space for one WebAssembly module (fetch has one) than any useful limit.
  // Twice the limit: what watches the memory of the whole tree comes first, this only stops what is faster.
  const data = limits ? [`--data=${2 * limits.memoryBytes}`] : [];
  return [prlimit, `--nproc=${PROCESSES}`, `--fsize=${FILE_BYTES}`, '--core=0', ...data, '--'];
}

/** The whole command: bubblewrap, its flags, limits, and the program. */
export function bwrapArgv(inside: Inside, wrapped: Wrapped): string[] {
  const env = {
    PATH: pathOf(inside.node),
    HOME: wrapped.home === undefined ? '/tmp' : OWN_HOME,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    CI: '1',
    ...wrapped.env,
  };
  return [
    inside.binary,
    ...['--unshare-all', '--unshare-user', '--disable-userns', '--die-with-parent', '--new-session', '--clearenv'],
    ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--ro-bind', '/usr', '/usr', '--proc', '/proc', '--dev', '/dev'],
    ...inside.roots.flatMap(({ path, link }) => (link ? ['--symlink', link, path] : ['--ro-bind', path, path])),
    ...['--ro-bind', inside.etc, '/etc'],
    ...['--ro-bind-try', '/etc/alternatives', '/etc/alternatives'],
    ...['--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
    ...['--size', String(TMP_BYTES), '--tmpfs', '/tmp'],
    ...nodeArgs(inside.node),
    ...(wrapped.shown ?? []).flatMap((path) => ['--ro-bind', path, path]),
    ...['--bind', wrapped.dir, HOME],
    ...(wrapped.home === undefined ? [] : ['--bind', wrapped.home, OWN_HOME]),
    ...(wrapped.socketDir === undefined ? [] : ['--ro-bind', wrapped.socketDir, '/run/headcount']),
    ...['--uid', '1000', '--gid', '1000', '--hostname', 'sandbox', '--cap-drop', 'ALL'],
    ...['--chdir', join(HOME, wrapped.workDir ?? '.'), '--'],
    ...limitArgs(inside.prlimit, wrapped.limits),
    ...wrapped.argv,
  ];
}
