import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelServer, type Turn } from '../../tests/fixtures/model-server.ts';
import { checkClaude } from './agents.ts';
import type { Machine } from './finding.ts';
import { checkProvider, checkProviders } from './providers.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'headcount-live-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const machine = (env: Readonly<Record<string, string>>, live = true): Machine => ({
  env,
  cwd: dir,
  nodeVersion: '20.19.0',
  uid: 1000,
  now: Date.now(),
  fetch: false,
  live,
  progress: () => {},
});

async function found(turn: Turn) {
  const server = await modelServer(turn);
  try {
    const asked = {
      name: 'anthropic',
      kind: 'anthropic',
      url: server.url,
      key: 'KEY',
      model: 'claude-haiku-5-5',
    } as const;
    return { finding: await checkProvider(asked, machine({ KEY: 'sk-hidden' })), asked: server.asked.length };
  } finally {
    await server.close();
  }
}

describe('a provider that is asked', () => {
  test('and answers is fine', async () => {
    const { finding, asked } = await found({ say: { text: 'ready' } });
    expect([finding.ok, asked]).toEqual([true, 1]);
  });

  test.each([
    [401, 'the key was refused', 'API_KEY'],
    [402, 'no credit', 'add credit'],
    [404, 'no such model', 'org/org.yaml'],
    [529, 'overloaded', 'wait a minute'],
  ])('and says %i has its cause and its mending named, once asked', async (status, cause, fix) => {
    const { finding, asked } = await found({ status, body: { type: 'error', error: { type: 'x', message: 'no' } } });
    expect(finding).toMatchObject({ ok: false, required: true });
    expect(finding.detail).toContain(cause);
    expect(finding.fix).toContain(fix);
    expect(JSON.stringify(finding)).not.toContain('sk-hidden');
    expect(asked).toBe(1);
  });

  test('where nothing listens is a connection', async () => {
    const asked = {
      name: 'openai',
      kind: 'openai',
      url: 'http://127.0.0.1:1/v1',
      key: 'KEY',
      model: 'gpt-6-luna',
    } as const;
    const { detail } = await checkProvider(asked, machine({ KEY: 'x' }));
    expect(detail).toContain('no connection');
  });
});

test('without a key nothing is asked, and nothing is required', async () => {
  const findings = await checkProviders(machine({}));
  expect(findings.map(({ ok, required }) => [ok, required])).toEqual([
    [false, false],
    [false, false],
  ]);
});

describe('a coding command line', () => {
  const put = (body: string) => writeFileSync(join(dir, 'claude'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  const env = () => ({ PATH: `${dir}:/usr/bin:/bin` });

  test('that answers is fine', async () => {
    put('[ "$1" = --version ] && echo 2.1.330 || echo ready');
    expect(await checkClaude(machine(env()))).toMatchObject({ ok: true, detail: '2.1.330, answers' });
  });

  test('that is not signed in says what it said, and how to sign in', async () => {
    put('[ "$1" = --version ] && echo 2.1.330 || { echo "Invalid API key" >&2; exit 1; }');
    const finding = await checkClaude(machine(env()));
    expect(finding).toMatchObject({ ok: false, detail: expect.stringContaining('Invalid API key') });
    expect(finding).toMatchObject({ fix: expect.stringContaining('/login') });
  });

  test('is not asked unless told', async () => {
    put('[ "$1" = --version ] && echo 2.1.330 || exit 1');
    expect(await checkClaude(machine(env(), false))).toMatchObject({ ok: true });
  });
});
