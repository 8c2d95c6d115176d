import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { MemoryBus } from '../../bus/memory.ts';
import { subjects } from '../../bus/subjects.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { diffLines } from '../../org/diff.ts';
import { loadOrg, readOrg } from '../../org/load.ts';
import { overlayOrg } from '../../org/overlay.ts';
import { defaultOrgPath, duties } from '../../tests/fixtures/company-file.ts';
import { aTask, START } from '../../tests/fixtures/story.ts';
import { openTerminal, type TerminalOptions } from '../../tests/fixtures/terminal.ts';
import { main } from '../main.ts';
import { applyOrg, compareWith, tellOrg } from '../org-in-force.ts';

let dir = '';
let empty = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'headcount-org-'));
  empty = mkdtempSync(join(tmpdir(), 'headcount-none-'));
});
beforeEach(() =>
  cpSync(dirname(defaultOrgPath), join(dir, 'org'), { recursive: true, filter: (path) => !path.endsWith('.ts') }),
);
afterAll(() => {
  for (const folder of [dir, empty]) rmSync(folder, { recursive: true, force: true });
});

async function headcount(argv: readonly string[], options: Partial<TerminalOptions> = {}) {
  const terminal = openTerminal(argv, { cwd: dir, ...options });
  const code = await main(argv, terminal.context);
  return { code: code || terminal.exit(), stdout: terminal.stdout(), stderr: terminal.stderr() };
}

test('the duties that ship are those the tests of org/ know', () => {
  const known = (facts: typeof duties) => [...facts].sort(([one], [other]) => one.localeCompare(other));
  const comparable = (facts: typeof duties) =>
    known(facts).map(([name, { task, schedulable, filters = [] }]) => ({ name, task, schedulable, filters }));
  expect(comparable(dutyFacts())).toEqual(comparable(duties));
});

describe('headcount org', () => {
  test('draws the company, also in a folder that has none of its own', async () => {
    for (const cwd of [dir, empty]) {
      const { code, stdout } = await headcount(['org'], { cwd });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Acme \(acme\)\nfounder\n└─ ceo /);
      const lines = stdout.trimEnd().split('\n');
      expect(lines.filter((line) => /[├└]─ /.test(line))).toHaveLength(12);
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test('check counts who works there', async () => {
    const { code, stdout } = await headcount(['org', 'check']);
    expect([code, stdout]).toEqual([0, 'ok  org/org.yaml  acme: 12 roles, 13 agents\n']);
  });

  test('check says every problem with its line, and exits with 3', async () => {
    const text = readFileSync(defaultOrgPath, 'utf8')
      .replace('write-code', 'write-cod')
      .replace('tier: light', 'tier: lite');
    writeFileSync(join(dir, 'org', 'bad.yaml'), text);
    const { code, stdout, stderr } = await headcount(['org', 'check', 'org/bad.yaml']);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /org\/bad\.yaml:\d+:\d+ backend\.duties\[0\] "write-cod" is no duty; did you mean "write-code"\?/,
    );
    expect(stderr).toMatch(/org\/bad\.yaml:\d+:\d+ knowledge\.tier "lite" is no tier/);
    const json = await headcount(['org', 'check', 'org/bad.yaml', '--json']);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      problems: [{ keys: ['roles', 'backend', 'duties', 0] }, {}],
    });
  });

  test('add writes the role and its prompt, and the company has one more', async () => {
    const added = await headcount([
      'org',
      'add',
      'legal',
      '--reports-to',
      'ceo',
      '--duties',
      'advise, write-documents',
      '--title',
      'Counsel',
    ]);
    expect([added.code, added.stderr]).toEqual([0, '']);
    expect(added.stdout).toContain(
      'added legal to org/org.yaml, reports to ceo\nwrote org/prompts/legal.md: make it its own\n',
    );
    expect((await headcount(['org'])).stdout).toMatch(/└─ legal +Counsel +light +advise,\n +write-documents\n$/);
  });

  test('add refuses what would not be valid, and asks for a copy before it changes a file that is not yours', async () => {
    const add = ['org', 'add', 'legal', '--reports-to', 'ceo', '--duties', 'advise'];
    expect(await headcount([...add, '--org', 'org/none.yaml'])).toMatchObject({ code: 3 });
    expect(await headcount(['org', 'add', 'legal', '--reports-to', 'cfo', '--duties', 'advise'])).toMatchObject({
      code: 2,
    });
    expect(await headcount(['org', 'add', 'legal', '--reports-to', 'ceo', '--duties', 'advis'])).toMatchObject({
      code: 3,
    });
    const { code, stderr } = await headcount(add, { cwd: empty });
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is no org/org.yaml in this folder yet')]);
  });

  test('diff and apply need a company', async () => {
    for (const word of ['diff', 'apply']) {
      const { code, stderr } = await headcount(['org', word, 'org/org.yaml'], { cwd: empty });
      expect([code, stderr]).toEqual([5, expect.stringContaining('no company has run in this folder')]);
    }
  });
});

describe('a running company', () => {
  const shipped = () => readOrg(defaultOrgPath, 'org.yaml');
  const changed = (patch: unknown) => ({ ...shipped(), text: overlayOrg(shipped().text, patch) });
  const hire = changed({ roles: { fullstack: { reportsTo: 'cto', duties: ['write-code'] } } });
  const hireSource = () => hire;
  let bus: MemoryBus;
  beforeEach(() => {
    bus = new MemoryBus('acme', new VirtualClock({ start: START }));
  });

  test('is told the new org chart with a summary, and compared with that from then on', async () => {
    const { told, diff } = await applyOrg(bus, hire, shipped);
    expect([told, diffLines(diff)]).toEqual([false, ['+ fullstack (Fullstack) reports to cto']]);
    const last = await bus.last(subjects.org);
    expect(last?.message).toMatchObject({
      type: 'org.changed',
      source: 'operator',
      data: { by: 'operator', summary: ['+ fullstack (Fullstack) reports to cto'] },
    });
    if (last?.message.type !== 'org.changed') throw new Error('nothing was said');
    expect(loadOrg({ ...shipped(), text: last.message.data.text }, { duties }).roles).toHaveLength(13);
    expect(await compareWith(bus, shipped(), shipped)).toMatchObject({
      told: true,
      diff: { fires: [{ role: 'fullstack' }] },
    });
  });

  test('is told nothing when nothing changes, and the same change once', async () => {
    await tellOrg(bus, shipped().text);
    await tellOrg(bus, shipped().text);
    expect((await applyOrg(bus, shipped(), shipped)).applied).toBe(false);
    expect((await bus.info()).lastSeq).toBe(1);
    expect((await applyOrg(bus, hire, hireSource)).diff.hires).toHaveLength(1);
    expect((await applyOrg(bus, hire, shipped)).applied).toBe(false);
    expect((await bus.info()).lastSeq).toBe(2);
  });

  test('that never said how it is organised is told in any case: its file may have been changed already', async () => {
    expect(await applyOrg(bus, hire, hireSource)).toMatchObject({ applied: true, told: false, diff: { hires: [] } });
    expect((await bus.info()).lastSeq).toBe(1);
  });

  test('keeps its name, whatever the file says', async () => {
    const { diff } = await compareWith(bus, changed({ company: 'other' }), shipped);
    expect(diffLines(diff)).toEqual([]);
  });

  test('refuses to strand a task, and says which and what to do', async () => {
    const task = aTask('T7', { role: 'sales', type: 'document', title: 'Write the demo script', status: 'ready' });
    await bus.publish(subjects.task('T7'), {
      id: 'task.T7.created',
      type: 'task.created',
      source: 'cto',
      data: { task },
    });
    const fired = changed({ roles: { sales: null } });
    await expect(applyOrg(bus, fired, () => fired)).rejects.toMatchObject({ code: 'WOULD_STRAND' });
    await expect(applyOrg(bus, fired, shipped)).rejects.toMatchObject({
      code: 'WOULD_STRAND',
      exit: 1,
      message: expect.stringContaining(
        '! T7 "Write the demo script" would be stranded: nobody would be sales; wait for it, reassign it, or keep sales',
      ),
    });
    expect(await bus.last(subjects.org)).toBeUndefined();
    expect((await applyOrg(bus, hire, shipped)).diff.hires).toHaveLength(1);
  });
});
