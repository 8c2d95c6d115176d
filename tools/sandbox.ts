// Where code that a model wrote runs: bubblewrap, with no network, no files but its own folder and the system's programs,
// and no environment of ours. Without it nothing runs, unless the operator says so or the code comes from a scenario.

import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { reasonOf } from '../bus/errors.ts';
import { fetchDebianPackage } from '../bus/server/debian.ts';
import { bwrapArgv, type Inside, insidePath, nodePlaces, prepareEtc } from './bwrap.ts';
import { type Ended, type Launched, type Limits, launch, runLimited } from './process.ts';

/** `bwrap`: contained. `none`: a plain process group with the same limits. `refused`: nothing runs. */
type SandboxKind = 'bwrap' | 'none' | 'refused';

type Job = {
  readonly argv: readonly string[];
  /** The only folder it can write to. */
  readonly dir: string;
  /** On top of PATH, HOME and LANG. */
  readonly env?: Readonly<Record<string, string>>;
  readonly limits: Limits;
  readonly signal?: AbortSignal | undefined;
  /** Its standard input; nothing unless told. */
  readonly input?: string;
  /** Gets its standard output as it comes, for watching. */
  readonly heard?: (text: string) => void;
  /** A folder of its own, its home. */
  readonly home?: string;
  /** Programs it may read, where they are. */
  readonly shown?: readonly string[];
  /** A folder that it sees, read-only, as /run/headcount. */
  readonly socketDir?: string;
};

type Service = {
  readonly argv: readonly string[];
  /** The only folder it can write to; `workDir` inside it is where it starts. */
  readonly dir: string;
  readonly workDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A folder that it sees, read-only, as /run/headcount. */
  readonly socketDir?: string;
};

export interface Sandbox {
  readonly kind: SandboxKind;
  /** Why it is of this kind, one line for people. */
  readonly reason: string;
  /** The folder of a job as the job sees it. */
  seenAs(dir: string): string;
  /** Runs to the end. `undefined` when the sandbox refuses. */
  run(job: Job): Promise<Ended | undefined>;
  /** Starts something that stays. `undefined` when the sandbox refuses. */
  serve(service: Service): Launched | undefined;
}

export type SandboxOptions = {
  /** What org.yaml says. */
  readonly mode: 'required' | 'none';
  /** The answers are a scenario's own script: without bubblewrap it runs as a plain process. */
  readonly scripted: boolean;
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Debian releases whose bubblewrap knows the flags in use. */
const SUITES = ['bookworm', 'trixie'];

const probeLimits: Limits = { timeoutMs: 10_000, memoryBytes: 512_000_000, outputBytes: 10_000 };

async function onPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const dir of (env.PATH ?? '').split(delimiter).filter((part) => part !== '')) {
    const place = join(dir, name);
    try {
      await access(place, constants.X_OK);
      return place;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** Why a bwrap does not work here; undefined when a program ran in it. */
async function faultOf(inside: Inside, dir: string): Promise<string | undefined> {
  const argv = bwrapArgv(inside, { dir, argv: ['node', '-e', 'process.exit(0)'], limits: probeLimits });
  const ended = await runLimited({ argv, dir, env: {}, limits: probeLimits });
  if (ended.outcome === 'ended' && ended.code === 0) return undefined;
  const said = ended.stderr.trim().split('\n')[0] ?? '';
  return said || `its probe ended with ${ended.outcome}`;
}

type Found = { readonly inside: Inside } | { readonly why: string };

async function probe(binary: string, options: SandboxOptions): Promise<Found> {
  const etc = await prepareEtc(options.cacheDir);
  const inside: Inside = {
    binary,
    etc,
    node: await nodePlaces(process.execPath),
    prlimit: await onPath('prlimit', { PATH: '/usr/bin:/bin' }),
    roots: await insidePath(),
  };
  const why = await faultOf(inside, etc);
  return why === undefined ? { inside } : { why: `bubblewrap does not work here: ${why}` };
}

async function findInstalled(options: SandboxOptions): Promise<Found> {
  const installed = await onPath('bwrap', options.env);
  return installed === undefined ? { why: 'bwrap is not on the PATH' } : probe(installed, options);
}

async function findFetched(options: SandboxOptions): Promise<Found> {
  const dir = await fetchDebianPackage({
    package: 'bubblewrap',
    suites: SUITES,
    cacheDir: options.cacheDir,
    check: async (unpacked) => {
      const found = await probe(join(unpacked, 'usr/bin/bwrap'), options);
      if ('why' in found) throw new Error(found.why);
    },
    progress: options.progress,
    signal: options.signal,
  });
  return probe(join(dir, 'usr/bin/bwrap'), options);
}

async function find(options: SandboxOptions): Promise<Found> {
  if (process.platform !== 'linux') return { why: 'bubblewrap needs Linux' };
  const reasons: string[] = [];
  for (const look of [findInstalled, findFetched]) {
    try {
      const found = await look(options);
      if ('inside' in found) return found;
      reasons.push(found.why);
    } catch (error) {
      options.signal?.throwIfAborted();
      reasons.push(reasonOf(error));
    }
  }
  return { why: reasons.join('; ') };
}

function plainEnv(
  env: NodeJS.ProcessEnv,
  dir: string,
  given: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { PATH: env.PATH ?? '/usr/local/bin:/usr/bin:/bin', HOME: dir, LANG: 'C.UTF-8', TZ: 'UTC', CI: '1', ...given };
}

function plainSandbox(options: SandboxOptions, reason: string): Sandbox {
  return {
    kind: 'none',
    reason,
    seenAs: (dir) => dir,
    run: ({ env, home, shown: _, socketDir: __, ...job }) =>
      runLimited({ ...job, env: plainEnv(options.env, home ?? job.dir, env) }),
    serve: ({ argv, dir, workDir, env }) =>
      launch({ argv, dir: join(dir, workDir), env: plainEnv(options.env, dir, env) }),
  };
}

function refusingSandbox(reason: string): Sandbox {
  return {
    kind: 'refused',
    reason,
    seenAs: (dir) => dir,
    run: () => Promise.resolve(undefined),
    serve: () => undefined,
  };
}

function bwrapSandbox(inside: Inside): Sandbox {
  return {
    kind: 'bwrap',
    reason: 'bubblewrap: no network, no files but its own',
    seenAs: () => '/home/task',
    async run({ signal, input, heard, ...job }) {
      const outside = { dir: job.dir, env: {}, limits: job.limits, signal };
      const ended = await runLimited({
        ...outside,
        argv: bwrapArgv(inside, job),
        ...(input === undefined ? {} : { input }),
        ...(heard === undefined ? {} : { heard }),
      });
      return couldNotStart(ended) ? { ...ended, outcome: 'missing' } : ended;
    },
    serve({ argv, dir, workDir, env, socketDir }) {
      const wrapped = bwrapArgv(inside, {
        dir,
        argv,
        workDir,
        ...(env ? { env } : {}),
        ...(socketDir === undefined ? {} : { socketDir }),
      });
      return launch({ argv: wrapped, dir, env: {} });
    },
  };
}

/** What bwrap and prlimit say when the program does not exist inside. */
function couldNotStart(ended: Ended): boolean {
  return ended.outcome === 'ended' && /^(?:bwrap: execvp|prlimit: failed to execute) /m.test(ended.stderr);
}

/**
 * Finds a sandbox that really works here: bubblewrap on the PATH, in the cache, or from the Debian archive. Never throws,
 * but for the signal: when there is none, the kind and the reason say what that means.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (options.mode === 'none') return plainSandbox(options, 'the operator says sandbox: none');
  const found = await find(options);
  if ('inside' in found) return bwrapSandbox(found.inside);
  if (options.scripted) return plainSandbox(options, `the scenario's own script runs without a sandbox: ${found.why}`);
  return refusingSandbox(found.why);
}
