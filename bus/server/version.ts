import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Oldest server we work with: 2.9 drops settings it does not know without a word and cannot sync each write. */
const OLDEST_SERVER = '2.10.0';

const ANSWER_MS = 5_000;

function numbers(version: string): number[] {
  return version
    .replace(/[-+].*$/, '')
    .split('.')
    .map(Number);
}

/** True when `version` ('2.10.27') is not older than `floor`. Pre-release suffixes are ignored. */
export function isAtLeast(version: string, floor: string): boolean {
  const have = numbers(version);
  const need = numbers(floor);
  for (const [i, wanted] of need.entries()) {
    const part = have[i] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/** The version in the answer to `nats-server --version` ('nats-server: v2.10.27'), without the `v`. */
export function parseVersion(text: string): string | undefined {
  return /\bv(\d+\.\d+\.\d+[\w.+-]*)/.exec(text)?.[1];
}

/** Asks a nats-server binary for its version. Throws when it cannot be run or answers something else. */
export async function askVersion(path: string, signal?: AbortSignal): Promise<string> {
  const { stdout } = await execute(path, ['--version'], { timeout: ANSWER_MS, signal });
  const version = parseVersion(stdout);
  if (!version) throw new Error(`${path} --version answered ${JSON.stringify(stdout.slice(0, 80))}`);
  return version;
}

/** Why a server of this version is refused; undefined when it is new enough. */
export function refusalOf(version: string): string | undefined {
  if (isAtLeast(version, OLDEST_SERVER)) return undefined;
  return `version ${version} is older than 2.10: it ignores settings it does not know and cannot sync every write`;
}
