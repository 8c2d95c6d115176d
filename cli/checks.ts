// What Headcount needs of a machine, each as a check that finds the real cause and names the command that mends it.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { HeadcountError, reasonOf } from '../bus/errors.ts';
import { defaultCacheDir } from '../bus/server/cache.ts';
import { debianDir } from '../bus/server/debian.ts';
import { findServer } from '../bus/server/find.ts';
import { startServer } from '../bus/server/launcher.ts';
import { readInfo } from '../bus/server/ready.ts';
import { isAtLeast, refusalOf } from '../bus/server/version.ts';

export type Machine = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Without the `v`. */
  readonly nodeVersion: string;
  /** Undefined where there is no such thing. */
  readonly uid: number | undefined;
  /** True: fetch what is missing. False: look only. */
  readonly fetch: boolean;
  readonly progress: (line: string) => void;
};

export type Finding = {
  readonly name: string;
  readonly ok: boolean;
  /** False: Headcount works without it, with what `detail` says missing. */
  readonly required: boolean;
  readonly detail: string;
  /** The command that mends it. */
  readonly fix?: string;
};

const OLDEST_NODE = '20.19.0';
const OLDEST_GIT = '2.38.0';
const ANSWER_MS = 5_000;
/** Releases of Debian that the sandbox fetches from. */
const BWRAP_SUITES = ['bookworm', 'trixie'];
const LITTLE_SPACE_BYTES = 500_000_000;

const execute = promisify(execFile);

const good = (name: string, detail: string, required = true): Finding => ({ name, ok: true, required, detail });
const bad = (name: string, detail: string, fix: string, required = true): Finding => ({
  name,
  ok: false,
  required,
  detail,
  fix,
});

async function versionOf(program: string, machine: Machine): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await execute(program, ['--version'], { timeout: ANSWER_MS, env: { ...machine.env } });
    return /\d+\.\d+(\.\d+)?/.exec(stdout || stderr)?.[0];
  } catch {
    return undefined;
  }
}

function checkNode({ nodeVersion }: Machine): Finding {
  if (isAtLeast(nodeVersion, OLDEST_NODE)) return good('node', nodeVersion);
  return bad('node', `${nodeVersion} is older than ${OLDEST_NODE}`, 'nvm install 22 (or a package from nodejs.org)');
}

function checkUser({ uid }: Machine): Finding {
  return good('user', uid === 0 ? 'root: fine, nothing needs it' : 'not root: fine', false);
}

async function checkGit(machine: Machine): Promise<Finding> {
  const version = await versionOf('git', machine);
  const fix = 'apt-get install git (or brew install git)';
  if (version === undefined) return bad('git', 'not on the PATH', fix);
  return isAtLeast(version, OLDEST_GIT) ? good('git', version) : bad('git', `${version} is older than 2.38`, fix);
}

/** A server that was named must answer; otherwise one must be found, and is tried on a store of its own. */
async function checkNats(machine: Machine): Promise<Finding[]> {
  const url = machine.env.NATS_URL;
  if (url !== undefined && url !== '') return [await checkUrl(url)];
  const reasons: string[] = [];
  const found = await findServer({
    env: { ...machine.env },
    fetch: machine.fetch,
    progress: machine.progress,
    rejected: ({ place, reason }) => void reasons.push(`${place}: ${reason}`),
  });
  if (found === undefined) {
    const fix = machine.fetch ? 'install nats-server 2.10 or newer, or set NATS_URL' : 'headcount doctor --fetch';
    return [bad('nats-server', reasons.join('; '), fix)];
  }
  return [good('nats-server', `${found.version}, ${found.path} (${found.from})`), await checkJetStream(machine)];
}

async function checkUrl(url: string): Promise<Finding> {
  const fix = `start a server there (nats-server -js), or: unset NATS_URL`;
  try {
    const { version, jetstream } = await readInfo(url, ANSWER_MS);
    const refusal = refusalOf(version);
    if (refusal !== undefined) return bad('NATS_URL', refusal, fix);
    if (!jetstream)
      return bad('NATS_URL', `nats-server ${version} runs without JetStream`, 'start it with: nats-server -js');
    return good('NATS_URL', `nats-server ${version} with JetStream`);
  } catch (error) {
    return bad('NATS_URL', `nothing usable answers at ${withoutSecret(url)}: ${reasonOf(error)}`, fix);
  }
}

/** A URL that may be printed: user and password removed. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}

async function checkJetStream(machine: Machine): Promise<Finding> {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-doctor-'));
  try {
    const server = await startServer({ storeDir, env: { ...machine.env }, progress: machine.progress });
    await server.stop();
    return good('jetstream', 'a server starts, stores and syncs');
  } catch (error) {
    const next = error instanceof HeadcountError ? error.next : 'install another nats-server';
    return bad('jetstream', reasonOf(error), next);
  } finally {
    await rm(storeDir, { recursive: true, force: true });
  }
}

/** Runs a program contained, as a test run would; looks for bubblewrap only where it is, unless told to fetch. */
async function checkSandbox(machine: Machine): Promise<Finding> {
  const why = 'programs of real models will not run (scenarios do)';
  const cacheDir = defaultCacheDir({ ...machine.env });
  const cached = BWRAP_SUITES.some((suite) =>
    existsSync(join(debianDir(cacheDir, 'bubblewrap', suite), 'usr/bin/bwrap')),
  );
  if (!cached && !machine.fetch && (await versionOf('bwrap', machine)) === undefined) {
    return bad('bubblewrap', `not here: ${why} unless it can be fetched`, 'headcount doctor --fetch', false);
  }
  const { openSandbox } = await import('../tools/sandbox.ts');
  const sandbox = await openSandbox({
    mode: 'required',
    scripted: false,
    cacheDir,
    env: { ...machine.env },
    progress: machine.progress,
  });
  if (sandbox.kind === 'bwrap') return good('bubblewrap', sandbox.reason, false);
  return bad('bubblewrap', `${sandbox.reason}: ${why}`, 'apt-get install bubblewrap', false);
}

async function checkPython(machine: Machine): Promise<Finding> {
  const version = await versionOf('python3', machine);
  if (version !== undefined) return good('python3', version, false);
  return bad('python3', 'not on the PATH: the syntax of Python files goes unchecked', 'apt-get install python3', false);
}

/** The nearest folder that exists decides whether `path` can be made. */
async function checkWritable(name: string, path: string): Promise<Finding> {
  let dir = path;
  for (;;) {
    try {
      await access(dir, constants.W_OK | constants.X_OK);
      return good(name, path);
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing || dir === dirname(dir)) return bad(name, `cannot write to ${dir}`, `chown -R "$(id -u)" '${dir}'`);
      dir = dirname(dir);
    }
  }
}

async function checkSpace({ cwd }: Machine): Promise<Finding> {
  const { bavail, bsize } = await statfs(cwd);
  const free = bavail * bsize;
  const detail = `${Math.round(free / 1e6)} MB free`;
  return free > LITTLE_SPACE_BYTES
    ? good('disk', detail, false)
    : bad('disk', detail, `du -xhd1 '${cwd}' | sort -h`, false);
}

function checkPorts(): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      resolve(bad('ports', `cannot listen on 127.0.0.1: ${reasonOf(error)}`, 'ip link set lo up'));
    });
    server.listen({ host: '127.0.0.1', port: 0 }, () =>
      server.close(() => resolve(good('ports', '127.0.0.1 listens'))),
    );
  });
}

/** Which store and embeddings the knowledge of this workspace is in, and whether they can be had. */
async function checkKnowledge({ env, cwd }: Machine): Promise<Finding> {
  const { describeKnowledge } = await import('./knowledge-doctor.ts');
  const { ok, detail, fix } = await describeKnowledge({ env, cwd });
  return ok ? good('knowledge', detail, false) : bad('knowledge', detail, fix, false);
}

/** Runs every check; one that fails unexpectedly is a finding, not an error. */
export async function examineMachine(machine: Machine): Promise<Finding[]> {
  const cacheDir = defaultCacheDir({ ...machine.env });
  const checks: [string, () => Finding | Finding[] | Promise<Finding | Finding[]>][] = [
    ['node', () => checkNode(machine)],
    ['user', () => checkUser(machine)],
    ['git', () => checkGit(machine)],
    ['nats-server', () => checkNats(machine)],
    ['bubblewrap', () => checkSandbox(machine)],
    ['python3', () => checkPython(machine)],
    ['workspace', () => checkWritable('workspace', join(machine.cwd, '.headcount'))],
    ['cache', () => checkWritable('cache', cacheDir)],
    ['disk', () => checkSpace(machine)],
    ['ports', () => checkPorts()],
    ['knowledge', () => checkKnowledge(machine)],
  ];
  const findings: Finding[] = [];
  for (const [name, check] of checks) {
    try {
      findings.push(...[await check()].flat());
    } catch (error) {
      findings.push(bad(name, reasonOf(error), 'headcount doctor --verbose'));
    }
  }
  return findings;
}
