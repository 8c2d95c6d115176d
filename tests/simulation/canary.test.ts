// A secret of the environment that a model somehow got hold of: it says it everywhere it can, and it is written nowhere.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runScenario } from '../../cli/run-scenario.ts';
import { quietRun } from '../fixtures/run-options.ts';
import { openTerminal } from '../fixtures/terminal.ts';

const CANARY = 'canary/7Qm2+xTz9Lw41';
const forms = [
  CANARY,
  [...CANARY].reverse().join(''),
  Buffer.from(CANARY).toString('base64'),
  Buffer.from(CANARY).toString('hex'),
  encodeURIComponent(CANARY),
];

const cwd = await mkdtemp(join(tmpdir(), 'headcount-canary-'));
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** One task for each way in which a model can say it. */
function scenario(): string {
  const [plain, reversed, base64, hex, url] = forms.map((form) => JSON.stringify(form));
  const keys = ['title', 'file', 'path', 'advice', 'review', 'garbage', 'failure'];
  const role = (key: string) => (key === 'advice' ? 'sales, type: advice' : 'backend, type: code');
  return `
name: canary
title: A model that says a secret wherever it can
given:
  product: { slug: shop, name: Shop, test: node --version }
  sandbox: none
  backlog:
${keys.map((key) => `    - { key: ${key}, title: Do ${key}, role: ${role(key)} }`).join('\n')}
defaults:
  review: { answer: { verdict: approve } }
  staff: { answer: { action: abandon, reason: nobody can } }
answers:
  - { for: { purpose: write, task: title }, summary: ${plain}, files: { a.txt: a } }
  - { for: { purpose: write, task: file }, summary: fine, files: { b.txt: ${base64} } }
  - { for: { purpose: write, task: path }, summary: fine, files: { ${hex}: b } }
  - { for: { purpose: advise, task: advice }, answer: { summary: fine, advice: ${url} } }
  - { for: { purpose: write, task: review }, summary: fine, files: { c.txt: c } }
  - { for: { purpose: review, task: review }, answer: { verdict: approve, notes: [${reversed}] } }
  - { for: { purpose: write, task: garbage }, raw: ${plain} }
  - { for: { purpose: decompose }, answer: { tasks: [{ key: look, title: Look at it, role: sales, type: advice }] } }
  - { for: { purpose: advise, task: look }, answer: { summary: fine, advice: look again } }
  - { for: { purpose: write, task: failure }, fail: { kind: permanent, reason: ${plain} } }
when:
  - at: +1m
    issue: { title: It does not work, body: ${plain}, author: eva, trusted: true }
deadline: 48h
then:
  refusals: { secret: 7 }
  tasks: { ${keys.map((key) => `${key}: { status: abandoned }`).join(', ')} }
`;
}

test('a secret that a model says is written nowhere, in no form', async () => {
  const given = await mkdtemp(join(tmpdir(), 'headcount-canary-file-'));
  await mkdir(join(given, 'canary'));
  await writeFile(join(given, 'canary.yaml'), scenario());
  const { context, stdout, stderr } = openTerminal(['--plain'], { cwd, env: { ...process.env, SHOP_API_KEY: CANARY } });
  const run = { ...quietRun, quiet: false, scenario: join(given, 'canary.yaml'), out: 'stream.jsonl' };
  const code = await runScenario(run, context);
  await rm(given, { recursive: true });

  expect(stdout() + stderr()).toMatch(/(\d+) of \1 expectations met/);
  expect(code).toBe(0);
  const stream = await readFile(join(cwd, 'stream.jsonl'), 'utf8');
  expect(stream).toContain('holds the value of SHOP_API_KEY');
  const written = [stdout(), stderr(), ...(await filesBelow(cwd))];
  expect(written.length).toBeGreaterThan(5);
  for (const form of forms) {
    for (const text of written) expect(text.includes(form)).toBe(false);
    expect(stream.includes(JSON.stringify(form).slice(1, -1))).toBe(false);
  }
});

async function filesBelow(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name), 'latin1')),
  );
}
