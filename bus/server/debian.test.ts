import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archivesIn } from './apt.ts';
import { fetchDebianPackage } from './debian.ts';
import { NoPackage } from './errors.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'headcount-debian-'));
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

test('the Debian mirror is read from a deb822 file, without security and third parties', () => {
  const text = `# comment
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
  contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://download.example/linux/debian
Suites: bookworm
Components: stable

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`;
  expect(archivesIn('debian.sources', text)).toEqual([
    { uri: 'http://mirror.example/debian', signedBy: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  ]);
});

test('a key written into a deb822 file is left out', () => {
  const text = `Types: deb
URIs: mirror+file:///etc/apt/mirrors/debian.list
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr
 -----END PGP PUBLIC KEY BLOCK-----
`;
  expect(archivesIn('cloud.sources', text)).toEqual([{ uri: 'mirror+file:///etc/apt/mirrors/debian.list' }]);
});

test('the Debian mirror is read from a one-line file', () => {
  const text = `# deb http://off.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/debian.gpg] https://mirror.example/debian bookworm main contrib # ours
deb-src https://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm-backports main
deb http://security.debian.org/debian-security bookworm-security main
deb https://packages.example/apt cloud-sdk-bookworm main
`;
  expect(archivesIn('sources.list', text)).toEqual([
    { uri: 'https://mirror.example/debian', signedBy: '/keys/debian.gpg' },
  ]);
});

test('a package that cannot be had is refused with what was tried', async () => {
  const fetching = fetchDebianPackage({ package: 'nats-server', suites: ['no-such-suite'], cacheDir: root });
  const error = await fetching.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NoPackage);
  expect(error).toMatchObject({
    message: expect.stringMatching(/^nats-server could not be fetched \(no-such-suite: /),
  });
});

test('a package that does not work here is not kept', async () => {
  const check = () => Promise.reject(new Error('does not run on this machine'));
  const want = { package: 'bubblewrap', suites: ['bookworm'], cacheDir: root, check };
  await expect(fetchDebianPackage(want)).rejects.toThrow('bookworm: does not run on this machine');
});

test('an aborted fetch ends with the reason it was given', async () => {
  const stop = new AbortController();
  stop.abort(new Error('changed my mind'));
  const want = { package: 'bubblewrap', suites: ['bookworm'], cacheDir: root, signal: stop.signal };
  await expect(fetchDebianPackage(want)).rejects.toThrow('changed my mind');
});
