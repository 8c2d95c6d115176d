import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requestOf, stage } from '../tests/contract/wire.contract.ts';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { main } from './main.ts';
import { openTape } from './tape.ts';

const { signal } = new AbortController();
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headcount-tape-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function headcount(line: string) {
  const argv = line.split(' ');
  const terminal = openTerminal(argv, { cwd: dir });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), stderr: terminal.stderr() };
}

test('a cassette that is not there ends `up` before anything is begun', async () => {
  const { code, stderr } = await headcount('up --replay gone.jsonl');
  expect(code).toBe(3);
  expect(stderr).toContain('gone.jsonl: there is no such cassette');
  expect(stderr).toContain('next:  record it first');
});

test('a broken cassette is named with its line', async () => {
  await writeFile(join(dir, 'broken.jsonl'), '{"cassette":2}\n{"id"\n');
  const { code, stderr } = await headcount('up --replay broken.jsonl');
  expect(code).toBe(3);
  expect(stderr).toContain('broken.jsonl:2: it is no exchange');
});

test.each(['--record a.jsonl --replay b.jsonl', '--replay a.jsonl --script s.yaml'])(
  'up %s is a contradiction',
  async (line) => {
    expect((await headcount(`up ${line}`)).code).toBe(2);
  },
);

test('the key of a provider is not written, whatever its variable is called', async () => {
  const key = 'a-password-that-looks-like-words';
  const { wire } = await stage({ kind: 'anthropic' }, { say: { text: `you use ${key}` } });
  const models = { providers: [{ name: 'stub', kind: 'anthropic', key: 'GATE' }] } as const;
  const context = { cwd: dir, env: { GATE: key } };
  const tape = await openTape({ cassette: { path: 'a.jsonl', mode: 'record' } }, { models }, context);
  const reply = await tape?.wire('stub', async () => wire).ask(requestOf(), signal);
  expect(reply?.text).toBe('you use [GATE_KEY]');
  expect(await readFile(join(dir, 'a.jsonl'), 'utf8')).not.toContain(key);
});
