import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTerminal } from '../../tests/fixtures/terminal.ts';
import { main } from '../main.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'headcount-ask-'));
  mkdirSync(join(cwd, 'docs'));
  writeFileSync(join(cwd, 'docs/guide.md'), '# Roles\n\n## Hiring\n\nAdd a role to org.yaml; it gets a mailbox.\n');
  mkdirSync(join(cwd, 'org/prompts'), { recursive: true });
  // No server for the sake of a command line; tests/e2e/ask.test.ts has one.
  const role = 'reports: { ceo: { tier: strategy, duties: [strategy] } }';
  const knowledge = 'knowledge: { store: embedded }';
  writeFileSync(join(cwd, 'org/org.yaml'), `company: acme\nperson: founder\n${role}\n${knowledge}\n`);
  writeFileSync(join(cwd, 'org/prompts/ceo.md'), 'You lead.\n');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function run(...argv: string[]) {
  const terminal = openTerminal(argv, { cwd });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), out: terminal.stdout(), err: terminal.stderr() };
}

describe('what was read', () => {
  test('answers a question with its source', async () => {
    expect((await run('ingest', 'docs', '--category', 'engineering')).out).toContain('1 new');
    const { code, out } = await run('ask', 'how do I add a role?');
    expect(code).toBe(0);
    expect(out).toContain('Add a role to org.yaml');
    expect(out).toContain('docs/guide.md, Roles > Hiring');
  });

  test('answers nothing that it does not say, with exit code 1', async () => {
    await run('ingest', 'docs');
    const { code, out } = await run('ask', 'What is the price of tea?');
    expect(code).toBe(1);
    expect(out).toContain('nothing here says anything about that');
  });

  test('is asked as it was at an earlier version', async () => {
    await run('ingest', 'docs');
    writeFileSync(join(cwd, 'docs/guide.md'), '# Roles\n\nRoles are fixed: nobody can add a role.\n');
    await run('ingest', 'docs');
    const before = await run('ask', 'add a role', '--at', '1', '--json');
    expect(JSON.parse(before.out)).toMatchObject({ knowledge: 1, quotes: [{ heading: 'Roles > Hiring' }] });
    expect((await run('ask', 'add a role')).out).toContain('nobody can add');
  });

  test('is forgotten when it is told to be', async () => {
    await run('ingest', 'docs');
    expect((await run('ingest', 'docs', '--forget')).out).toContain('1 document forgotten, 0 left');
    expect((await run('ask', 'add a role')).code).toBe(1);
    expect((await run('ingest', 'docs', '--forget')).code).toBe(1);
  });

  test('names a file that cannot be read, and reads the others', async () => {
    writeFileSync(join(cwd, 'docs/bad.bin'), Buffer.from([0, 1, 2]));
    const { code, out } = await run('ingest', 'docs');
    expect(code).toBe(0);
    expect(out).toContain('docs/bad.bin: not text');
    expect(out).toContain('1 new, 1 skipped');
  });

  test('is nothing before anything was read', async () => {
    const { code, out } = await run('ask', 'anything');
    expect(code).toBe(1);
    expect(out).toContain('headcount ingest');
  });

  test('a path that does not exist is a usage error', async () => {
    const { code, err } = await run('ingest', 'nowhere');
    expect(code).toBe(2);
    expect(err).toContain('there is no nowhere');
  });

  test('is told to be two at once when another ingestion holds the lock', async () => {
    mkdirSync(join(cwd, '.headcount/knowledge'), { recursive: true });
    writeFileSync(join(cwd, '.headcount/knowledge/ingest.lock'), `${process.ppid}\n`);
    const { code, err } = await run('ingest', 'docs', '--json');
    expect(code).toBe(5);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'INGEST_RUNNING' } });
  });
});
