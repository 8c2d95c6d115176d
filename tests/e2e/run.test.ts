// Scenarios as a person runs them: what is written, twice in one folder, and everything that can be wrong with the asking.

import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Ended, pages, pocket, script, Workspace } from './process.ts';

const opened: Workspace[] = [];
function open(): Workspace {
  const workspace = new Workspace();
  opened.push(workspace);
  return workspace;
}
afterAll(() => Promise.all(opened.map((workspace) => workspace.remove())));

const story = readFileSync(pages, 'utf8');

/** Writes a scenario of this name into the workspace, made of pages.yaml by a change of its text. */
function scenario(workspace: Workspace, name: string, change: (text: string) => string): string {
  writeFileSync(join(workspace.dir, `${name}.yaml`), change(story.replace('name: pages', `name: ${name}`)));
  return `${name}.yaml`;
}

test.each([
  ['installed', undefined, 'headcount'],
  ['not installed', script, `node ${script}`],
])('the next step is typed as the program was, where it is %s', async (_, given, name) => {
  const workspace = open();
  const { code, err } = await workspace.run('status', given === undefined ? {} : { script: given });
  expect([code, err]).toEqual([5, expect.stringContaining(`next:  ${name} run scenarios/first-product.yaml\n`)]);
  expect((await workspace.run('--help', given === undefined ? {} : { script: given })).out).toContain(
    `Start here: ${name} run scenarios/first-product.yaml`,
  );
});

describe('a run', () => {
  const [one, two] = [open(), open()];
  const log = () =>
    execFileSync('git', ['log', '--format=%s'], { cwd: join(one.dir, 'products', 'pocket') }).toString();

  test('with the same seed gives the same stream in two folders, byte for byte', async () => {
    const runs = await Promise.all(
      [one, two].map((workspace) => workspace.run(`run ${pocket} --bus memory --seed 7 --out a.jsonl --json`)),
    );
    for (const { code, out } of runs) expect([code, JSON.parse(out).passed]).toEqual([0, true]);
    expect(one.read('a.jsonl')).not.toBe('');
    expect(one.read('a.jsonl') === two.read('a.jsonl')).toBe(true);
  });

  test('is read from its export', async () => {
    const [status, tasks, why, words] = await Promise.all(
      ['status --json', 'tasks --json', 'why T1 --json', 'log'].map((line) => one.run(`${line} --from a.jsonl`)),
    );
    expect(JSON.parse(status?.out ?? '')).toMatchObject({ flow: { done: 3 } });
    expect(JSON.parse(tasks?.out ?? '')).toHaveLength(3);
    expect(JSON.parse(why?.out ?? '')).toMatchObject({ task: { id: 'T1' } });
    expect(words?.out).toMatch(/backend\s+done\s+T1 Count who came by/);
  });

  test.each([
    ['tasks --role backnd', 'did you mean backend? headcount org lists all'],
    ['log --agent backnd', 'did you mean backend? headcount status lists all'],
  ])('names that nobody has are said, with the nearest (%s)', async (line, next) => {
    const { code, err } = await one.run(`${line} --from a.jsonl`);
    expect([code, err]).toEqual([2, expect.stringContaining(next)]);
  });

  test('is read without colour where none is wanted, and a reader that leaves ends it quietly', async () => {
    const coloured = await one.run('log --from a.jsonl', { env: { FORCE_COLOR: '1' } });
    const plain = await one.run('log --from a.jsonl', { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
    expect([coloured.out.includes('\u001b['), plain.out.includes('\u001b[')]).toEqual([true, false]);
    const { code, out, err } = await one.run('log --all --from a.jsonl', { shell: '| head -1' });
    expect([code, out.split('\n').length, err]).toEqual([0, 2, '']);
  });

  test('replaces the product of the run before, and reports in lines that fit', async () => {
    expect(log()).toMatch(/^T3: .*\nT1: Count who came by\nStart/);
    const { code, out, err } = await one.run(`run ${pages}`);
    expect([code, err]).toEqual([0, '']);
    expect(log()).toMatch(/^T2: .*\nT1: Say what it is for\nStart/);
    expect(out).not.toMatch(/^kept/m);
    expect(out).toMatch(/customer_success {2}done {15}T2 Say who came by/);
    expect(out).toContain('0 lost, 0 duplicated, 0 dead letters');
    expect(out).toMatch(/(\d+) of \1 expectations met\n$/);
    const tooWide = out.split('\n').filter((line) => line.length > 100 && !line.startsWith('reproduce'));
    expect(tooWide).toEqual([]);
    expect(one.processes()).toEqual([]);
  });

  test('is read from its store after it has ended', async () => {
    const status = await one.run('status --json');
    expect(JSON.parse(status.out)).toMatchObject({ company: 'acme', state: 'stopped', flow: { done: 2 } });
    expect((await one.run('why T2')).out).toMatch(/^T2 {2}Say who came by {2}done[\s\S]*commit/);
    expect(one.processes()).toEqual([]);
  });

  test('keeps a product that somebody has touched, and says what failed and which fault never struck', async () => {
    writeFileSync(join(one.dir, 'products', 'pocket', 'notes.txt'), 'mine');
    const path = scenario(one, 'wrong', (text) =>
      text
        .replace('contains: how many asked', 'contains: how many paid')
        .replace('deadline: 12h', 'deadline: 12h\nfaults:\n  - crash: { task: words, step: nowhere }'),
    );
    const { code, out } = await one.run(`run ${path} --bus memory --quiet`);
    expect(out).toMatch(/^kept {7}products\/pocket\.kept-1: an earlier product/m);
    expect(one.read('products', 'pocket.kept-1', 'notes.txt')).toBe('mine');
    expect(one.has('products', 'pocket', 'notes.txt')).toBe(false);

    expect(code).toBe(1);
    expect(out).toMatch(/2 of \d+ expectations failed/);
    expect(out).toMatch(
      /how many paid"\n {4}expected {2}it does\n {4}actual {4}it does not\n(?: {4}before {4}\+00:06:00 .*\n){5}/,
    );
    expect(out).toMatch(/crash \{.*"nowhere".*\}\n {4}expected {2}the fault strikes\n {4}actual {4}it never struck/);
  });

  test('says what is still open when its deadline comes first', async () => {
    const path = scenario(two, 'endless', (text) =>
      text
        .replace('purpose: write, task: words', 'purpose: write, task: more')
        .replace('deadline: 12h', 'deadline: 1h'),
    );
    const { code, out } = await two.run(`run ${path} --bus memory --quiet`);
    expect(code).toBe(1);
    expect(out).toContain('the deadline came first; still open:\n  T1 B1.words is escalated');
  });

  test('can be interrupted, and says how far it came', async () => {
    const path = scenario(two, 'slow', (text) => text);
    const run = two.start(['run', path, '--clock', 'real']);
    await run.says(/working\s+T1/);
    run.kill('SIGINT');
    await run.says(/press Ctrl\+C again/);
    run.kill('SIGINT');
    const { code, out } = await run.ended;
    expect(code).toBe(1);
    expect(out).toMatch(/interrupted; still open:\n {2}T1 [\s\S]* expectations met so far\n$/);
    expect(two.processes()).toEqual([]);
  });
});

test('--keep leaves server and product up until Ctrl+C', async () => {
  const workspace = open();
  const kept = workspace.start(['run', pocket, '--keep', '--quiet']);
  const [, url] = await kept.says(/deployed\s+(http:\S+),/);
  await kept.says(/everything stays up; Ctrl\+C ends it/);
  expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok');
  expect(JSON.parse((await workspace.run('status --json')).out)).toMatchObject({ company: 'acme', state: 'paused' });
  kept.kill('SIGINT');
  expect((await kept.ended).code).toBe(0);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  expect(workspace.processes()).toEqual([]);
});

describe('without a nats-server to be had', () => {
  const workspace = open();
  // No server on the PATH, none in the cache, and no network to fetch one.
  const bin = workspace.folder('bin');
  symlinkSync(execFileSync('sh', ['-c', 'command -v git']).toString().trim(), join(bin, 'git'));
  symlinkSync(process.execPath, join(bin, 'node'));
  const noNetwork =
    "const there=fetch;globalThis.fetch=(url,how)=>/127\\.0\\.0\\.1/.test(url)?there(url,how):Promise.reject(Error('no network'))";
  const env = {
    PATH: bin,
    XDG_CACHE_HOME: workspace.folder('cache'),
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(noNetwork)}`,
  };

  test('a run uses the memory bus, and says so', async () => {
    const { code, out, err } = await workspace.run(`run ${pages}`, { env });
    expect(out).toMatch(/^stream {5}memory bus, for want of a nats-server; everything works but `headcount tap`$/m);
    expect(err).toMatch(/^no nats-server could be found or fetched \(.*\)\n$/);
    expect(out).toMatch(/(\d+) of \1 expectations met/);
    expect(code).toBe(0);
  });

  test('one that asked for JetStream is refused', async () => {
    const { code, err } = await workspace.run(`run ${pocket} --bus jetstream`, { env });
    expect([code, err]).toEqual([
      5,
      expect.stringMatching(/^error: no nats-server could be found[\s\S]*\nnext: {2}install/),
    ]);
  });
});

describe('bad input is refused with the place and the next step', () => {
  const workspace = open();
  writeFileSync(join(workspace.folder('blocked'), '.headcount'), 'a file');
  const refused = async (line: string, folder = ''): Promise<Ended> => {
    const ended = await workspace.run(line, { folder });
    expect(ended.out).toBe('');
    expect(ended.err).toMatch(/^error: [\s\S]*\nnext: {2}\S/m);
    return ended;
  };

  test.each([
    ['no YAML', (text: string) => text.replace('given:', 'given: ['), /bad\.yaml:\d+:\d+ /],
    [
      'an unknown key',
      (text: string) => text.replace('deadline:', 'deadlin:'),
      /bad\.yaml:\d+:1 .*"deadlin".*did you mean "deadline"/,
    ],
    [
      'an org patch that does not fit',
      (text: string) => text.replace('  backlog:', '  org: { roles: { backend: { duties: [fly] } } }\n  backlog:'),
      /bad\.yaml:13:\d+ .*"fly" is no duty/,
    ],
  ])('a scenario with %s', async (_, change, place) => {
    const { code, err } = await refused(`run ${scenario(workspace, 'bad', change)}`);
    expect(err).toMatch(place);
    expect(code).toBe(3);
  });

  test.each([
    ['a scenario that is not there', 'run nowhere.yaml', 3, /cannot read the scenario/],
    [
      'a closed port',
      `run ${pocket} --nats nats://eva:secret@127.0.0.1:1`,
      5,
      /cannot reach a nats-server at nats:\/\/127/,
    ],
    ['a folder that is not there for the export', `run ${pocket} --out nowhere/a.jsonl`, 5, /cannot write .*a\.jsonl/],
    ['an unknown command', 'rum', 2, /unknown command 'rum'/],
    ['an unknown option', 'run --fast x', 2, /unknown option '--fast'/],
    ['nothing to read', 'status', 5, /no company has run in this folder/],
    ['an export that is not there', 'status --from nowhere.jsonl', 3, /cannot read the export/],
  ])('%s', async (_, line, exit, what) => {
    const { code, err } = await refused(line);
    expect(err).toMatch(what);
    expect(err).not.toContain('secret');
    expect(code).toBe(exit);
  });

  test.each([`run ${pocket}`, 'up'])('a folder that cannot be written (%s)', async (line) => {
    const { code, err } = await refused(line, 'blocked');
    expect(err).toMatch(/^error: cannot write .*\.headcount$/m);
    expect(code).toBe(5);
  });

  test('what is refused has written nothing', () => {
    expect(workspace.has('products')).toBe(false);
    expect(workspace.has('.headcount', 'nats')).toBe(false);
  });
});
