// A person asks the knowledge role of a company that runs: real processes, a real nats-server, a model behind HTTP.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ModelServer, modelServer, type Turn } from '../fixtures/model-server.ts';
import { type Running, Workspace } from './process.ts';

const GUIDE = '# Roles\n\n## Hiring\n\nAdd a role to org.yaml; it gets a mailbox.\n';
const CITED = 'docs/guide.md, Roles > Hiring';

/** Where the server of the workspace is, for as long as it runs. */
const CHROMA = '.headcount/knowledge/chroma/server.json';

const says = (answer: object): Turn => ({
  say: { text: JSON.stringify(answer), usage: { input: 400, output: 40 } },
});

/** A message as an export has it. */
type Line = {
  readonly seq: number;
  readonly message: { readonly type: string; readonly data: Record<string, unknown> };
};

const OF_A_QUESTION = /^(knowledge\.requested|request\.answered|money\.settled)$/;

let workspace: Workspace;
let server: ModelServer;
let up: Running;

beforeAll(async () => {
  workspace = new Workspace();
  server = await modelServer(
    says({ known: true, answer: 'It tells how a role is added.', sources: ['docs/guide.md'] }),
    says({ known: true, answer: 'In org.yaml.', sources: [CITED] }),
    says({ known: true, answer: 'Ten dollars.', sources: ['docs/prices.md'] }),
    says({ known: true, answer: 'At four.', sources: ['docs/tea.md, Tea'] }),
  );
  workspace.folder('docs');
  writeFileSync(join(workspace.dir, 'docs', 'guide.md'), GUIDE);
  writeFileSync(join(workspace.dir, 'p.md'), 'You answer.\n');
  writeFileSync(
    join(workspace.dir, 'org.yaml'),
    `
company: library
sandbox: none
models:
  providers: { local: { kind: openai, url: '${server.url}/v1' } }
  tiers: { light: [local/m], coding: [local/m], strategy: [local/m] }
  prices: { m: { input: 1, output: 5 } }
reports:
  librarian: { title: Librarian, prompt: p.md, tier: light, duties: [answer] }
`,
  );
  expect((await workspace.run('ingest docs --org org.yaml')).code).toBe(0);
  up = workspace.start(['up', '--org', 'org.yaml']);
  await up.says(/running\s+started/);
});

afterAll(async () => {
  up.kill('SIGINT');
  await up.ended;
  expect(existsSync(join(workspace.dir, CHROMA))).toBe(false);
  await server.close();
  await workspace.remove();
});

const ask = async (...words: string[]) => {
  const { code, out, err } = await workspace.start(['ask', ...words, '--org', 'org.yaml', '--json']).ended;
  return { code, err, reply: JSON.parse(out || '{}') };
};

test('a document is summarised by the knowledge role, with what it knew as the stream tells it', async () => {
  const { code, reply } = await ask('--summary', './docs/guide.md');
  expect(code).toBe(0);
  expect(reply).toMatchObject({
    document: 'docs/guide.md',
    known: true,
    by: 'librarian',
    text: 'It tells how a role is added.',
    sources: ['docs/guide.md'],
    knowledge: 1,
  });
  expect((await workspace.run('export --out said.jsonl --no-products')).code).toBe(0);
  const said = workspace
    .read('said.jsonl')
    .split('\n')
    .filter((line) => line.startsWith('{"seq":'))
    .map((line): Line => JSON.parse(line));
  expect(said.find(({ seq }) => seq === reply.toldAt)?.message).toMatchObject({
    type: 'knowledge.changed',
    data: { version: 1 },
  });
  const about = said.map(({ message }) => message.type).filter((type) => OF_A_QUESTION.test(type));
  expect(about).toEqual(['knowledge.requested', 'money.settled', 'request.answered']);
});

test('a question is answered by the model where a company with one runs, and only from what it was shown', async () => {
  const { code, reply } = await ask('how do I add a role?');
  expect(code).toBe(0);
  expect(reply).toMatchObject({ known: true, text: 'In org.yaml.', sources: [CITED] });
  const made = await ask('what does it cost to add a role?');
  expect(made.code).toBe(1);
  expect(made.reply).toMatchObject({
    known: false,
    sources: [],
    text: expect.stringContaining('nothing that was read'),
  });
});

test('a document that was not read is not known, and no model is asked; nor for quotes', async () => {
  const before = server.asked.length;
  expect((await ask('--summary', 'docs/none.md')).reply).toMatchObject({
    known: false,
    text: 'there is no document docs/none.md',
  });
  const { reply } = await ask('how do I add a role?', '--with', 'quotes');
  expect(reply).toMatchObject({ known: true, quotes: [{ citation: CITED }] });
  expect(server.asked).toHaveLength(before);
});

test('what another terminal reads is known to the company at once, through the one Chroma server of both', async ({
  skip,
}) => {
  const note = join(workspace.dir, CHROMA);
  if (!existsSync(note)) skip('the bundled Chroma server does not run here');
  const before = readFileSync(note, 'utf8');
  writeFileSync(join(workspace.dir, 'docs', 'tea.md'), '# Tea\n\nTea is made at four.\n');
  expect((await workspace.run('ingest docs --org org.yaml')).code).toBe(0);
  expect(readFileSync(note, 'utf8')).toBe(before);
  const { reply } = await ask('when is tea made?');
  expect(reply).toMatchObject({ known: true, knowledge: 2, sources: ['docs/tea.md, Tea'] });
});

test('an answer that does not come in time is not known', async () => {
  const company = await workspace.run('pause --json');
  expect(company.code).toBe(0);
  const { code, reply } = await ask('how do I add a role?', '--within', '2s');
  expect([code, reply.known, reply.text]).toEqual([1, false, 'nobody answered in time']);
  expect((await workspace.run('resume')).code).toBe(0);
});
