// Embeddings of a server as org.yaml names it: who gets which key, and what `doctor` says about them.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { describeKnowledge } from './knowledge-doctor.ts';
import { main } from './main.ts';

const OPENAI_API_KEY = 'sk-of-openai-and-nobody-else';
const EMBEDDING_KEY = 'of-this-server';

let cwd = '';
let server: Server;
let url = '';
let heard: (string | undefined)[] = [];

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'headcount-knowledge-'));
  mkdirSync(join(cwd, 'docs'));
  writeFileSync(join(cwd, 'docs/guide.md'), '# Roles\n\nAdd a role to org.yaml; it gets a mailbox.\n');
  heard = [];
  server = createServer(async (request, response) => {
    heard.push(request.headers.authorization);
    let text = '';
    for await (const part of request) text += part;
    const data = (JSON.parse(text).input as string[]).map((_, index) => ({ index, embedding: Array(8).fill(1) }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(cwd, { recursive: true, force: true });
});

function configure(knowledge: string): void {
  mkdirSync(join(cwd, 'org/prompts'), { recursive: true });
  const role = 'reports: { ceo: { tier: strategy, duties: [strategy] } }';
  writeFileSync(join(cwd, 'org/org.yaml'), `company: acme\nperson: founder\n${role}\nknowledge: ${knowledge}\n`);
  writeFileSync(join(cwd, 'org/prompts/ceo.md'), 'You lead.\n');
}

async function run(env: Record<string, string>, ...argv: string[]) {
  const terminal = openTerminal(argv, { cwd, env });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), out: terminal.stdout(), err: terminal.stderr() };
}

const remote = (more = '') =>
  `{ store: embedded, embeddings: openai, url: "${url}", model: tiny, dimensions: 8${more} }`;

describe('embeddings of a server of your own', () => {
  test('get no key of OpenAI', async () => {
    configure(remote());
    const { code, err } = await run({ OPENAI_API_KEY, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1' }, 'ingest', 'docs');
    expect([err, code]).toEqual(['', 0]);
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.join()).not.toContain(OPENAI_API_KEY);
  });

  test('get the key that org.yaml names', async () => {
    configure(remote(', key: EMBEDDING_KEY'));
    expect((await run({ OPENAI_API_KEY, EMBEDDING_KEY }, 'ingest', 'docs')).code).toBe(0);
    expect(new Set(heard)).toEqual(new Set([`Bearer ${EMBEDDING_KEY}`]));
  });
});

describe('a key that is not set', () => {
  test('is named before anything is sent', async () => {
    configure('{ store: embedded, embeddings: openai }');
    const { code, err } = await run({ OPENAI_BASE_URL: url }, 'ingest', 'docs');
    expect(code).toBe(5);
    expect(err).toContain('OPENAI_API_KEY is not set');
    expect(heard).toEqual([]);
  });

  test('is found by doctor before anything was read', async () => {
    configure('{ store: embedded, embeddings: openai }');
    expect(await describeKnowledge({ cwd, env: {} })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('OPENAI_API_KEY is not set'),
    });
  });
});

test('doctor says when what was read has other vectors than org.yaml asks for', async () => {
  configure('{ store: embedded, embeddings: lexical }');
  await run({}, 'ingest', 'docs');
  configure(remote());
  expect(await describeKnowledge({ cwd, env: {} })).toMatchObject({
    ok: false,
    detail: expect.stringContaining('embeddings lexical (384 dimensions); now they are tiny (8 dimensions)'),
    fix: expect.stringContaining('headcount ingest'),
  });
  await run({}, 'ingest', 'docs');
  expect(await describeKnowledge({ cwd, env: {} })).toMatchObject({ ok: true });
});

describe('CHROMA_URL', () => {
  test('that is no address is named', async () => {
    const { code, err } = await run({ CHROMA_URL: 'chroma' }, 'ingest', 'docs');
    expect(code).toBe(2);
    expect(err).toContain('CHROMA_URL is no http address');
    expect(await describeKnowledge({ cwd, env: { CHROMA_URL: 'chroma' } })).toMatchObject({ ok: false });
  });

  test('of something that is no Chroma is said to be that', async () => {
    server.removeAllListeners('request');
    server.on('request', (_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<html>hello</html>');
    });
    const { code, err } = await run({ CHROMA_URL: new URL(url).origin }, 'ingest', 'docs');
    expect(code).toBe(5);
    expect(err).toContain('does not answer as a Chroma server does');
    expect(err).not.toContain('undefined');
  });
});
