// A whole company on a cassette: recorded once against a server in the vendor's format, with a key, then played in another folder
// without either.

import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contractOf } from '../../brain/answers.ts';
import { type Asked, type ModelServer, modelServerWith, type Turn } from '../fixtures/model-server.ts';
import { type Running, Workspace } from './process.ts';

const KEY = 'sk-of-the-recording-000000000000';
const workspace = new Workspace();
let server: ModelServer;

const source = 'export const double = (n) => n * 2;\n';
const check = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { double } from '../src/double.mjs';

test('doubles', () => assert.equal(double(21), 42));
`;

/** What a model says to each kind of question. */
const said = {
  strategy: {
    directive: 'Double numbers',
    goals: [{ id: 'double', text: 'Numbers are doubled' }],
    priorities: [],
    deadlineHours: 10,
  },
  decompose: {
    tasks: [{ key: 'double', title: 'Double a number', role: 'backend', type: 'code', estimateMinutes: 30 }],
  },
  review: { verdict: 'approve', notes: ['Looks right to the reviewer'] },
  write: {
    summary: 'Doubling',
    files: [
      { path: 'src/double.mjs', content: source },
      { path: 'test/double.test.mjs', content: check },
    ],
  },
} as const;
const purposes = ['strategy', 'decompose', 'review', 'write'] as const;

/** A question is known by the contract in it. */
function answer({ body }: Asked): Turn {
  const text = JSON.stringify(body);
  const known = purposes.find((purpose) => text.includes(JSON.stringify(contractOf(purpose).text).slice(1, -1)));
  if (known === undefined)
    return { status: 400, body: { error: { message: 'what is this?', type: 'invalid_request' } } };
  return { say: { text: JSON.stringify(said[known]) } };
}

beforeAll(async () => {
  server = await modelServerWith({ models: ['mind'], answer });
  const made = await workspace.start(
    ['init', 'first', '--workers', `${server.url}/v1`, '--key', 'MIND_KEY', '--name', 'acme', '--yes'],
    {
      env: { MIND_KEY: KEY },
    },
  ).ended;
  expect(made.code, made.err).toBe(0);
  const repo = workspace.folder('first/lib');
  writeFileSync(join(repo, 'package.json'), '{"name":"lib","private":true}\n');
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', repo, '-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...words]);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
  for (const copy of ['second', 'third']) {
    cpSync(join(workspace.dir, 'first'), join(workspace.dir, copy), { recursive: true });
  }
});

afterAll(async () => {
  await server.close();
  await workspace.remove();
});

const up = (folder: string, words: string, env: Readonly<Record<string, string>> = {}): Running =>
  workspace.start(
    [
      ...'up --repo lib --automation full'.split(' '),
      ...['--test', 'node test/double.test.mjs', '--mission', 'Double numbers'],
      ...words.split(' '),
    ],
    { folder, env },
  );

async function endOf(running: Running, folder: string) {
  await running.says(/done\s+T1 Double a number/);
  running.kill('SIGINT');
  expect((await running.ended).code).toBe(0);
  const product = join(workspace.dir, folder, 'products', 'lib');
  return execFileSync('git', ['-C', product, 'ls-tree', '-r', 'main']).toString();
}

test('a company that was recorded is played without server and key, and comes to the same end', {
  timeout: 240_000,
}, async () => {
  const recorded = await endOf(up('first', '--record ../tape.jsonl', { MIND_KEY: KEY }), 'first');
  expect(workspace.read('tape.jsonl')).not.toContain(KEY);
  const asked = server.asked.length;
  await server.close();
  const played = await endOf(up('second', '--replay ../tape.jsonl'), 'second');
  expect(played).toBe(recorded);
  expect(server.asked.length).toBe(asked);
});

test('a replay that lacks an answer says which question that was, and what to do; nobody is asked instead', {
  timeout: 240_000,
}, async () => {
  const lines = workspace.read('tape.jsonl').split('\n');
  const isReview = (line: string) => line.includes('Looks right to the reviewer');
  expect(lines.filter(isReview)).toHaveLength(1);
  writeFileSync(join(workspace.dir, 'short.jsonl'), lines.filter((line) => !isReview(line)).join('\n'));
  const running = up('third', '--replay ../short.jsonl');
  await running.says(/needs you/);
  running.kill('SIGINT');
  const { code, err } = await running.ended;
  const review = 'qa, review, D1.double, attempt 1';
  expect(code).toBe(1);
  expect(err).toContain(`questions are not on ${join(workspace.dir, 'short.jsonl')}: ${review} (nearest is "`);
  expect(err).toMatch(/differs at line \d+: .*\nnext: {2}the same again with --record instead of --replay/);
  const why = await workspace.start(['why', 'T1', '--json'], { folder: 'third' }).ended;
  expect(why.out).toContain(`nobody recorded this question: ${review}; nearest is`);
});
