// The official release archive. Its address is fixed and its content pinned; where we know no checksum, the release's own
// list is used, which guards against a broken download but not against a changed release.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exists, installOnce } from './cache.ts';
import { askVersion } from './version.ts';

const execute = promisify(execFile);

const RELEASE = '2.15.0';
const BASE = `https://github.com/nats-io/nats-server/releases/download/v${RELEASE}`;

/** As published with the official container image (nats-io/nats-docker, 2.15.x/alpine3.22/Dockerfile). */
const CHECKSUMS: Readonly<Record<string, string>> = {
  'linux-amd64': '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
  'linux-arm64': 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
};

/** No answer for this long means offline: give up and look elsewhere. */
const ANSWER_MS = 5_000;
const DOWNLOAD_MS = 120_000;

function platformName(): string | undefined {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  return arch && (process.platform === 'linux' || process.platform === 'darwin')
    ? `${process.platform}-${arch}`
    : undefined;
}

async function download(url: string, signal?: AbortSignal): Promise<Response> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  const stops = [silent.signal, AbortSignal.timeout(DOWNLOAD_MS), ...(signal ? [signal] : [])];
  try {
    const response = await fetch(url, { signal: AbortSignal.any(stops) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return response;
  } catch (error) {
    // fetch hides "no such host" and the like in the cause.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  } finally {
    clearTimeout(timer);
  }
}

async function checksumOf(platform: string, file: string, signal?: AbortSignal): Promise<string> {
  const pinned = CHECKSUMS[platform];
  if (pinned) return pinned;
  const list = await (await download(`${BASE}/SHA256SUMS`, signal)).text();
  const line = list.split('\n').find((text) => text.trim().endsWith(file));
  const listed = line?.split(/\s+/)[0];
  if (!listed) throw new Error(`the release lists no checksum for ${file}`);
  return listed;
}

function folder(cacheDir: string): string {
  return join(cacheDir, `nats-server-${RELEASE}`);
}

/** Where the official release is kept in the cache, once fetched. */
export function releaseBinary(cacheDir: string): string {
  return join(folder(cacheDir), 'nats-server');
}

/** Fetches the official release into the cache; returns the binary. Throws when offline or the checksum differs. */
export async function fetchRelease(
  cacheDir: string,
  progress?: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const platform = platformName();
  if (!platform) throw new Error(`no release for ${process.platform} ${process.arch}`);
  const name = `nats-server-v${RELEASE}-${platform}`;
  const fill = async (scratch: string) => {
    const response = await download(`${BASE}/${name}.tar.gz`, signal);
    const size = Number(response.headers.get('content-length') ?? 0);
    progress?.(`nats-server ${RELEASE}: fetching the official release${size ? `, ${(size / 1e6).toFixed(1)} MB` : ''}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (digest !== (await checksumOf(platform, `${name}.tar.gz`, signal))) throw new Error('the checksum differs');
    const archive = join(scratch, 'release.tar.gz');
    await writeFile(archive, bytes);
    await execute('tar', ['-xzf', archive, '-C', scratch], { signal });
    await askVersion(join(scratch, name, 'nats-server'), signal);
    return join(scratch, name);
  };
  if (!(await exists(releaseBinary(cacheDir)))) await installOnce(folder(cacheDir), fill, signal);
  return releaseBinary(cacheDir);
}
