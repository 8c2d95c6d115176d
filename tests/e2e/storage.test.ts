// A company whose store is damaged while nobody runs it: it does not start, says why, and comes back from a backup.

import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inWorkspace, LAST, stop } from './building.ts';

const block = (dir: string) => join(dir, '.headcount', 'nats', 'jetstream', '$G', 'streams', 'ACME', 'msgs', '1.blk');

test(
  'a damaged store stops the company at start, a backup brings it back, and it goes on to the end with nothing done twice',
  inWorkspace(async (workspace, start) => {
    const first = start();
    await first.says(/merged\s+pull 1/);
    // The company works meanwhile; the name says how far the file goes.
    const backup = await workspace.run('backup --json');
    const { file, lastSeq } = JSON.parse(backup.out);
    expect([backup.code, file]).toEqual([0, join(workspace.dir, 'backups', `acme-${lastSeq}.jsonl`)]);
    expect(readdirSync(join(workspace.dir, 'backups'))).toEqual([`acme-${lastSeq}.jsonl`]);
    await first.says(LAST);
    await stop(first);
    expect((await workspace.run('verify')).out).toMatch(
      /^sound acme: everything up to sequence [\d ]+ is what was written$/m,
    );

    truncateSync(block(workspace.dir), Math.floor(statSync(block(workspace.dir)).size / 3));
    const before = readFileSync(block(workspace.dir));
    const refused = await start().ended;
    expect(refused.code).toBe(5);
    expect(refused.err).toMatch(/first is sequence \d+/);
    expect(refused.err).toContain('headcount restore');
    expect(await workspace.run('verify --json')).toMatchObject({ code: 5, out: expect.stringContaining('"firstBad"') });
    expect((await workspace.run('backup')).code).toBe(5);
    // Whoever refused has written nothing.
    expect(readFileSync(block(workspace.dir)).subarray(0, 1_000)).toEqual(before.subarray(0, 1_000));

    expect(await workspace.run(`restore ${file}`)).toMatchObject({ code: 0 });
    expect(readdirSync(join(workspace.dir, '.headcount', 'acme', 'before-restore-1')).sort()).toContain('streams');
    const second = start();
    await second.says(LAST);
    await stop(second);
    expect(second.written()).not.toMatch(/merged\s+pull 1 /);

    // Restored at its end, a company has nothing left to do.
    const end = await workspace.run('backup --out end.jsonl');
    expect(end).toMatchObject({ code: 0, out: expect.stringContaining('sound') });
    expect((await workspace.run('restore end.jsonl')).code).toBe(0);
    const third = start();
    await third.says(/running\s+started/);
    await stop(third);
    expect(third.written()).not.toMatch(/working|retrying|merged/);
    expect(workspace.processes()).toEqual([]);
  }),
);
