import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../bus/server/launcher.ts';
import type { Machine } from './checks/finding.ts';
import { examineMachine } from './checks.ts';
import { renderFindings } from './commands/doctor.ts';
import { painter } from './output.ts';
import { withoutSecret } from './urls.ts';

let dir = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'headcount-doctor-'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const machine = (more: Partial<Machine>): Machine => ({
  env: { PATH: process.env.PATH, HOME: dir },
  cwd: dir,
  nodeVersion: '20.19.0',
  uid: 1000,
  now: Date.now(),
  fetch: false,
  live: false,
  liveMs: 5_000,
  progress: () => {},
  ...more,
});

/** A PATH with nothing on it, so that a check finds exactly what the test says. */
const bare = (more: Record<string, string> = {}) => ({ PATH: join(dir, 'nothing'), HOME: dir, ...more });

const named = async (name: string, more: Partial<Machine>) =>
  (await examineMachine(machine(more))).find((finding) => finding.name === name);

test('an old Node is refused with the way to a newer one', async () => {
  expect(await named('node', { env: bare(), nodeVersion: '18.20.0' })).toMatchObject({
    ok: false,
    required: true,
    fix: expect.stringContaining('nvm install'),
  });
});

test('what is missing names the command that mends it, and nothing is fetched unasked', async () => {
  const findings = await examineMachine(machine({ env: bare() }));
  const missing = findings
    .filter(({ ok }) => !ok)
    .map(({ name, required, fix }) => [name, required, fix !== undefined]);
  expect(missing).toEqual([
    ['git', true, true],
    ['nats-server', true, true],
    ['bubblewrap', false, true],
    ['python3', false, true],
    ['chromium', false, true],
    ['anthropic', false, true],
    ['openai', false, true],
    ['claude', false, true],
    ['codex', false, true],
  ]);
});

test('a NATS_URL where nothing answers is found out, without its password', async () => {
  const finding = await named('NATS_URL', { env: bare({ NATS_URL: 'nats://me:secret@127.0.0.1:1' }) });
  expect(finding).toMatchObject({ ok: false, required: true });
  expect(JSON.stringify(finding)).not.toContain('secret');
});

test('of several servers in NATS_URL each is looked at, and one that is down is named', async () => {
  const server = await startServer({ storeDir: join(dir, 'one-of-two') });
  try {
    const findings = await examineMachine(
      machine({ env: bare({ NATS_URL: `${server.url},nats://me:secret@127.0.0.1:1` }) }),
    );
    const said = findings.filter(({ name }) => name === 'NATS_URL');
    expect(said.map(({ ok }) => ok)).toEqual([true, false]);
    expect(said[1]?.detail).toContain('nats://127.0.0.1:1');
    expect(JSON.stringify(said)).not.toContain('secret');
  } finally {
    await server.stop();
  }
});

test('a workspace that is no folder is found out', async () => {
  const file = join(dir, 'file');
  writeFileSync(file, '');
  expect(await named('workspace', { env: bare(), cwd: file })).toMatchObject({ ok: false });
});

test('a company file that is not valid is found out', async () => {
  const cwd = join(dir, 'broken');
  mkdirSync(join(cwd, 'org'), { recursive: true });
  writeFileSync(join(cwd, 'org/org.yaml'), 'company: 7\n');
  expect(await named('org/org.yaml', { env: bare(), cwd })).toMatchObject({
    ok: false,
    required: true,
    fix: 'headcount org check org/org.yaml',
  });
});

test('a failure is printed with its mending, and counted', () => {
  const lines = renderFindings(
    [
      { name: 'git', ok: false, required: true, detail: 'not on the PATH', fix: 'apt-get install git' },
      { name: 'python3', ok: false, required: false, detail: 'none', fix: 'apt-get install python3' },
    ],
    painter(false),
    80,
  );
  expect(lines).toEqual([
    'FAIL  git           not on the PATH',
    '                    fix: apt-get install git',
    'miss  python3       none',
    '                    fix: apt-get install python3',
    '1 to mend',
  ]);
});

test('a URL is shown without user and password', () => {
  expect(withoutSecret('nats://a:b@host:4222')).toBe('nats://host:4222');
  expect(withoutSecret('nats://a:b@n1:4222,nats://c:d@n2:4222')).toBe('nats://n1:4222,nats://n2:4222');
});
