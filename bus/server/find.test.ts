import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultCacheDir } from './cache.ts';
import { NoServer, type Rejection } from './errors.ts';
import { findServer } from './find.ts';
import { startServer } from './launcher.ts';
import { askVersion, isAtLeast, parseVersion } from './version.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'headcount-find-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A folder with a program named nats-server that answers `--version` as told. */
async function folderWithServer(name: string, answer: string): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'nats-server'), `#!/bin/sh\necho '${answer}'\n`);
  await chmod(join(dir, 'nats-server'), 0o755);
  return dir;
}

test('a server older than 2.10 on the PATH is refused with the reason', async () => {
  const dir = await folderWithServer('old', 'nats-server: v2.9.10');
  const rejections: Rejection[] = [];
  const lines: string[] = [];
  const found = await findServer({
    env: { PATH: dir, XDG_CACHE_HOME: join(root, 'empty') },
    fetch: false,
    rejected: (rejection) => rejections.push(rejection),
    progress: (line) => lines.push(line),
  });
  expect(found).toBeUndefined();
  const reason = 'version 2.9.10 is older than 2.10: it ignores settings it does not know and cannot sync every write';
  expect(rejections).toContainEqual({ place: join(dir, 'nats-server'), reason });
  expect(lines).toEqual([`${join(dir, 'nats-server')} is not used: ${reason}`]);
});

test('a newer server further down the PATH is taken', async () => {
  const old = await folderWithServer('old', 'nats-server: v2.9.10');
  const fresh = await folderWithServer('new', 'nats-server: v2.12.1');
  const found = await findServer({ env: { PATH: [old, fresh].join(delimiter) }, cacheDir: join(root, 'empty') });
  expect(found).toEqual({ path: join(fresh, 'nats-server'), version: '2.12.1', from: 'PATH' });
});

test('a program that is no nats-server is passed over', async () => {
  const dir = await folderWithServer('odd', 'hello');
  const rejections: Rejection[] = [];
  const options = { env: { PATH: dir }, cacheDir: join(root, 'empty'), fetch: false };
  expect(await findServer({ ...options, rejected: (rejection) => rejections.push(rejection) })).toBeUndefined();
  expect(rejections[0]?.reason).toContain('answered "hello\\n"');
});

test('two processes on a cold cache fetch once, and the next finds the cache', async () => {
  const lines: string[] = [];
  const options = { env: { PATH: '' }, cacheDir: join(root, 'cold'), progress: (line: string) => lines.push(line) };
  const both = await Promise.all([findServer(options), findServer(options)]);
  const again = await findServer(options);
  expect(again?.from).toBe('cache');
  for (const found of both) {
    expect(found).toMatchObject({ path: again?.path, version: again?.version });
    expect(isAtLeast(found?.version ?? '0', '2.10.0')).toBe(true);
  }
  expect(lines.filter((line) => /^nats-server 2\.\d+\.\d+: fetching .*, \d+\.\d MB$/.test(line))).toHaveLength(1);
  expect(await askVersion(again?.path ?? '')).toBe(again?.version);
  const leftovers = (await readdir(join(root, 'cold'), { recursive: true })).filter((name) =>
    /lock|\.fetch-/.test(name),
  );
  expect(leftovers).toEqual([]);
});

test('when there is no server anywhere the error lists each place and its reason', async () => {
  const nowhere = join(root, 'a-file');
  await writeFile(nowhere, '');
  const start = startServer({ storeDir: join(root, 'store'), env: { PATH: dirname(nowhere) }, cacheDir: nowhere });
  const error = await start.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NoServer);
  expect(error).toMatchObject({ code: 'NO_SERVER', next: expect.stringContaining('NATS_URL') });
  const places = error instanceof NoServer ? error.rejections.map(({ place }) => place) : [];
  expect(places).toEqual(['PATH', nowhere, 'official release', 'Debian archive']);
});

test('the cache follows XDG_CACHE_HOME, else the home', () => {
  expect(defaultCacheDir({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/headcount');
  expect(defaultCacheDir({ HOME: '/h' })).toBe('/h/.cache/headcount');
});

test('versions are compared by number', () => {
  expect(parseVersion('nats-server: v2.10.27')).toBe('2.10.27');
  expect(parseVersion('nats-server: v2.12.0-RC.4')).toBe('2.12.0-RC.4');
  expect(isAtLeast('2.10.0', '2.10.0')).toBe(true);
  expect(isAtLeast('2.9.25', '2.10.0')).toBe(false);
  expect(isAtLeast('3.0.0', '2.10.0')).toBe(true);
  expect(isAtLeast('2.12.0-RC.4', '2.10.0')).toBe(true);
});
