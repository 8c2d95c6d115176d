// A company kept in a file, gone on with elsewhere, looked back on, and forked: as a person does it.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { inWorkspace, LAST, stop } from './building.ts';
import { pages, Workspace } from './process.ts';

/** Several processes one after the other, each on a machine that may be busy, in ms. */
const PATIENCE_MS = 180_000;
vi.setConfig({ testTimeout: PATIENCE_MS });

const workspace = new Workspace();
afterAll(() => workspace.remove());

const commits = (...path: string[]): string[] =>
  execFileSync('git', ['log', '--format=%s'], { cwd: join(...path) })
    .toString()
    .trim()
    .split('\n');

describe('a company that has ended', () => {
  test('is imported from the file of its run, and exported as the same bytes', async () => {
    const run = await workspace.run(`run ${pages} --bus memory --seed 7 --out a.jsonl --quiet`);
    expect(run.code).toBe(0);
    const folder = 'elsewhere';
    workspace.folder(folder);
    const imported = await workspace.run('import ../a.jsonl', { folder });
    expect([imported.code, imported.err]).toEqual([0, '']);
    const { out, code } = await workspace.run('verify', { folder });
    const { lastSeq } = JSON.parse(workspace.read('a.jsonl').split('\n')[0] ?? '');
    expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`^sound acme: .* sequence ${lastSeq} is what`))]);
    expect((await workspace.run('export --out b.jsonl', { folder })).code).toBe(0);
    expect(workspace.read(folder, 'b.jsonl') === workspace.read('a.jsonl')).toBe(true);
    expect(commits(workspace.dir, folder, 'products', '@acme', 'pocket')).toEqual(
      commits(workspace.dir, 'products', 'pocket'),
    );
    const again = await workspace.run('import ../a.jsonl', { folder });
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/there is a company acme already[\s\S]*--as/)]);
  });

  test('is not imported from a file that was changed, and nothing of it is left', async () => {
    const folder = 'empty';
    workspace.folder(folder);
    const text = workspace.read('a.jsonl');
    const changed = {
      'cut.jsonl': text.slice(0, text.length / 2),
      'edited.jsonl': text.replace('Say who came by', 'Say who came in'),
      'other.jsonl': 'name: acme\n',
    };
    for (const [name, content] of Object.entries(changed)) {
      writeFileSync(join(workspace.dir, folder, name), content);
      const { code, err } = await workspace.run(`import ${name}`, { folder });
      expect([name, code, err]).toEqual([name, 3, expect.stringMatching(/^error: .*\.jsonl: line \d+: \S/)]);
    }
    expect(workspace.has(folder, '.headcount')).toBe(false);
    expect(workspace.has(folder, 'products')).toBe(false);
  });

  test('is shown as it was, and refuses a moment that it never had', async () => {
    const tasks = async (until: string) => {
      const { out } = await workspace.run(`replay --from a.jsonl --until ${until} --tasks --json`);
      return JSON.parse(out);
    };
    const early = await tasks('+2m');
    expect(early.tasks.map(({ status }: { status: string }) => status)).toEqual(['waiting', 'blocked']);
    expect((await tasks('09:02')).asOf).toEqual(early.asOf);
    expect((await tasks(`${early.asOf.seq}`)).tasks).toEqual(early.tasks);
    const late = await workspace.run('replay --from a.jsonl --until 9999');
    expect([late.code, late.err]).toEqual([
      2,
      expect.stringMatching(/"9999" is outside[\s\S]*from 1 to \d+, from 2026/),
    ]);
    const played = await workspace.run('replay --from a.jsonl --until +3m --follow --speed 1000000');
    expect(played.out).toMatch(/working +T1[\s\S]*merged +pull 1[\s\S]*as of seq/);
    expect(played.out).not.toMatch(/merged +pull 2/);
  });

  test('goes on in a fork from its middle, paying for nothing twice, and is itself left as it was', async () => {
    const folder = 'elsewhere';
    const { asOf } = JSON.parse((await workspace.run('replay --until +2m --json', { folder })).out);
    const forked = await workspace.run(`fork --at ${asOf.seq} --as second`, { folder });
    expect([forked.code, forked.err]).toEqual([0, '']);
    expect((await workspace.run('verify --company second', { folder })).out).toContain(
      `sound second: everything up to sequence ${asOf.seq} `,
    );
    expect((await workspace.run(`diff acme@${asOf.seq} second`, { folder })).code).toBe(0);

    const up = workspace.start(['up', '--company', 'second', '--script', pages, '--speed', '500'], { folder });
    await up.says(LAST);
    await stop(up);
    const { out, code } = await workspace.run('diff acme second --json', { folder });
    const { cost, ...rest } = JSON.parse(out);
    expect([code, rest]).toEqual([1, expect.objectContaining({ same: false, common: asOf.seq })]);
    // No recorded answer is asked for again. The call that was under way is, and the first one stays in the books of both.
    expect([cost.b.tokens, cost.b.calls]).toEqual([cost.a.tokens, cost.a.calls + 1]);
    const own = commits(workspace.dir, folder, 'products', '@second', 'pocket');
    expect(own.map((subject) => subject.slice(0, 2))).toEqual(['T2', 'T1', 'St']);

    await workspace.run('export --company acme --out c.jsonl', { folder });
    expect(workspace.read(folder, 'c.jsonl') === workspace.read('a.jsonl')).toBe(true);
    expect(workspace.processes()).toEqual([]);
  });

  test('is not forked beyond its end, from nowhere, or onto what is there', async () => {
    const folder = 'elsewhere';
    for (const [line, said] of [
      ['fork --company acme --at 9999 --as third', /outside of this company's history/],
      ['fork --company nobody --at 5 --as third', /no company nobody/],
      ['fork --company acme --at 5 --as second', /there is a company second already/],
      ['fork --company acme --at 5 --as No_Name', /no name of a company/],
      ['fork --company acme --at soon --as third', /"soon" is no moment/],
    ] as const) {
      const { code, err } = await workspace.run(line, { folder });
      expect([line, code, err]).toEqual([line, 2, expect.stringMatching(said)]);
    }
    expect(workspace.has(folder, 'products', '@third')).toBe(false);
  });
});

test(
  'a company that was stopped in the middle goes on elsewhere, and is replayed as its status was',
  inWorkspace(async (place, start) => {
    // Slowly: its second task must not be done before it is stopped, however long `status` takes.
    const up = start('--speed', '20');
    await up.says(/merged\s+pull 1/);
    const live = JSON.parse((await place.run('status --json')).out);
    await stop(up);
    const then = JSON.parse((await place.run(`replay --until ${live.seq} --json`)).out);
    const known = ({ state, cost, seq, needsYou, stuck, deadLetters, flow, agents }: typeof live) => ({
      state,
      cost,
      seq,
      needsYou,
      stuck,
      deadLetters,
      flow,
      agents: agents.map(({ agent, state: at, task, score, spend }: typeof live) => ({
        agent,
        at,
        task,
        score,
        spend,
      })),
    });
    expect(known(then)).toEqual(known(live));

    await place.run('export --out half.jsonl');
    const folder = 'there';
    place.folder(folder);
    await place.run('import ../half.jsonl --as other', { folder });
    const other = place.start(['up', '--company', 'other', '--script', pages, '--speed', '500'], { folder });
    await other.says(LAST);
    await stop(other);
    const { out } = await place.run('diff ../half.jsonl other --json', { folder });
    const { common, messages } = JSON.parse(out);
    expect(common).toBe(messages.a);
    const subjects = commits(place.dir, folder, 'products', '@other', 'pocket').map((line) => line.slice(0, 2));
    expect(subjects).toEqual(['T2', 'T1', 'St']);
    expect(readFileSync(join(place.dir, folder, 'products', '@other', 'pocket', 'docs', 'use.md'), 'utf8')).toMatch(
      /^# Pocket/,
    );
  }),
);
