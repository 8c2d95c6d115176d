// Which store a workspace gets when nobody says: real commands, and the bundled Chroma server where it runs.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { obstacle } from '../brain/knowledge/chroma/binding.ts';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { describeKnowledge } from './knowledge-doctor.ts';
import { tryBundledServer } from './knowledge-place.ts';
import { main } from './main.ts';

const cannot =
  obstacle() ??
  (await tryBundledServer()
    .then(() => undefined)
    .catch((error: Error) => error.message));
if (cannot !== undefined) test.skip(`the bundled Chroma server (none here: ${cannot})`, () => {});

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'headcount-store-'));
  mkdirSync(join(cwd, 'docs'));
  writeFileSync(join(cwd, 'docs/guide.md'), '# Roles\n\nAdd a role to org.yaml; it gets a mailbox.\n');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function run(...argv: string[]) {
  const terminal = openTerminal(argv, { cwd });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), out: terminal.stdout(), err: terminal.stderr() };
}

function configure(knowledge: string): void {
  mkdirSync(join(cwd, 'org/prompts'), { recursive: true });
  const role = 'reports: { ceo: { tier: strategy, duties: [strategy] } }';
  writeFileSync(join(cwd, 'org/org.yaml'), `company: acme\nperson: founder\n${role}\n${knowledge}`);
  writeFileSync(join(cwd, 'org/prompts/ceo.md'), 'You lead.\n');
}

const inChroma = () => join(cwd, '.headcount/knowledge/chroma');
const inFiles = () => join(cwd, '.headcount/knowledge/embedded');
const doctor = () => describeKnowledge({ cwd, env: {} });

describe.skipIf(cannot !== undefined)('a workspace on a machine that can run the bundled Chroma server', () => {
  test('keeps its knowledge there, and leaves no server behind', async () => {
    expect((await doctor()).detail).toContain('nothing read yet; bundled Chroma');
    expect(existsSync(join(cwd, '.headcount'))).toBe(false);
    const read = await run('ingest', 'docs');
    expect([read.code, read.err]).toEqual([0, '']);
    expect(read.out).toContain('bundled Chroma');
    const asked = await run('ask', 'how do I add a role?');
    expect(asked.out).toContain('docs/guide.md');
    expect(await doctor()).toMatchObject({ ok: true, detail: expect.stringContaining('1 document, 1 passage') });
    expect(existsSync(join(inChroma(), 'server.json'))).toBe(false);
    expect(existsSync(inFiles())).toBe(false);
  });

  test('stays with the files in which it has knowledge, until org.yaml says otherwise', async () => {
    configure('knowledge: { store: embedded }\n');
    await run('ingest', 'docs');
    configure('');
    expect((await run('ask', 'how do I add a role?')).out).toContain('docs/guide.md');
    expect(existsSync(inChroma())).toBe(false);
    expect((await doctor()).detail).toMatch(/embedded store \(.*to move to the bundled Chroma: .*store: chroma/);
    configure('knowledge: { store: chroma }\n');
    expect((await run('ingest', 'docs')).out).toContain('1 new');
    configure('');
    expect((await doctor()).detail).toContain('bundled Chroma (this workspace has knowledge in it)');
  });

  test('gets files, said in one line, where the server does not start before anything is kept', async () => {
    mkdirSync(join(inChroma(), 'chroma.log'), { recursive: true });
    const { code, out, err } = await run('ingest', 'docs');
    expect(code).toBe(0);
    expect(out).toContain('embedded store');
    expect(err.trim().split('\n')).toEqual([expect.stringMatching(/chroma cannot be used: .*embedded store/)]);
    rmSync(join(inChroma(), 'chroma.log'), { recursive: true });
    expect(await run('ask', 'how do I add a role?')).toMatchObject({ code: 0, err: '' });
    expect(existsSync(inFiles())).toBe(true);
  });

  test('does not turn to files when the server that holds its knowledge does not start', async () => {
    await run('ingest', 'docs');
    const data = join(inChroma(), 'data');
    for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true });
    writeFileSync(join(data, 'chroma.sqlite3'), 'no database'.repeat(1_000));
    const { code, err } = await run('ask', 'how do I add a role?');
    expect([code, err]).toEqual([5, expect.stringContaining('remove it and ingest again')]);
    expect(existsSync(inFiles())).toBe(false);
    expect(await doctor()).toMatchObject({ ok: false });
    expect(readFileSync(join(inChroma(), 'chroma.log'), 'utf8')).not.toBe('');
  });
});
