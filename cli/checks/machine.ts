// The machine itself: Node, git, the user, the clock, folders, space, ports, and what some things would like to have.

import { access, constants, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../bus/errors.ts';
import { defaultCacheDir } from '../../bus/server/cache.ts';
import { isAtLeast } from '../../bus/server/version.ts';
import { packageRoot } from '../package-root.ts';
import { bad, type Finding, good, type Machine, versionOf } from './finding.ts';

const OLDEST_NODE = '20.19.0';
const OLDEST_GIT = '2.38.0';
const LITTLE_SPACE_BYTES = 500_000_000;
const DAY_MS = 86_400_000;
/** Browsers under the names that distributions give them. */
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'];

export function checkNode({ nodeVersion }: Machine): Finding {
  if (isAtLeast(nodeVersion, OLDEST_NODE)) return good('node', nodeVersion);
  return bad('node', `${nodeVersion} is older than ${OLDEST_NODE}`, 'nvm install 22 (or a package from nodejs.org)');
}

export function checkUser({ uid }: Machine): Finding {
  return good('user', uid === 0 ? 'root: fine, nothing needs it' : 'not root: fine', false);
}

export async function checkGit(machine: Machine): Promise<Finding> {
  const version = await versionOf('git', machine);
  const fix = 'apt-get install git (or brew install git)';
  if (version === undefined) return bad('git', 'not on the PATH', fix);
  return isAtLeast(version, OLDEST_GIT) ? good('git', version) : bad('git', `${version} is older than 2.38`, fix);
}

/** Certificates are refused by a machine whose clock is behind. Older than the program itself is certainly wrong. */
export async function checkClock({ now }: Machine): Promise<Finding> {
  const installed = (await stat(join(packageRoot, 'package.json'))).mtimeMs;
  const said = new Date(now).toISOString();
  if (now > installed - DAY_MS) return good('clock', said);
  const detail = `it says ${said}, before Headcount was installed: certificates will be refused`;
  return bad('clock', detail, 'timedatectl set-ntp true (or: date -s "...")');
}

export async function checkPython(machine: Machine): Promise<Finding> {
  const version = await versionOf('python3', machine);
  if (version !== undefined) return good('python3', version, false);
  return bad('python3', 'not on the PATH: the syntax of Python files goes unchecked', 'apt-get install python3', false);
}

export async function checkChromium(machine: Machine): Promise<Finding> {
  for (const name of CHROMIUM) {
    const version = await versionOf(name, machine);
    if (version !== undefined) return good('chromium', version, false);
  }
  const detail = 'not on the PATH: only the test of the inspector page needs it';
  return bad('chromium', detail, 'apt-get install chromium', false);
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

export function checkWorkspace({ cwd }: Machine): Promise<Finding> {
  return checkWritable('workspace', join(cwd, '.headcount'));
}

export function checkCache({ env }: Machine): Promise<Finding> {
  return checkWritable('cache', defaultCacheDir({ ...env }));
}

export async function checkSpace({ cwd }: Machine): Promise<Finding> {
  const { bavail, bsize } = await statfs(cwd);
  const free = bavail * bsize;
  const detail = `${Math.round(free / 1e6)} MB free`;
  return free > LITTLE_SPACE_BYTES
    ? good('disk', detail, false)
    : bad('disk', detail, `du -xhd1 '${cwd}' | sort -h`, false);
}

export function checkPorts(): Promise<Finding> {
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
