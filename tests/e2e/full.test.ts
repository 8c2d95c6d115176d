// A company whose disk is full: what it says, how it ends, and that nothing is half there afterwards.

import { expect, test } from 'vitest';
import { loadBallast, rawServer, small } from '../storage/raw-server.ts';
import { inWorkspace, LAST, stop } from './building.ts';

/** More than there is room for. */
const TOO_MUCH = 4_000_000;

/** In a workspace whose server has a small store. */
const onSmallDisk = (body: (...given: [...Parameters<Parameters<typeof inWorkspace>[0]>, string]) => Promise<void>) =>
  inWorkspace(async (workspace, start) => {
    const server = await rawServer(small);
    try {
      await body(workspace, start, server.url);
    } finally {
      await server.end();
    }
  });

test(
  'while its disk is full Ctrl+C says what is waited for, the second ends it with exit code 5, and the next start goes on',
  onSmallDisk(async (workspace, start, url) => {
    const first = start('--nats', url);
    await first.says(/merged\s+pull 1/);
    const ballast = await loadBallast(url);
    await ballast.fill(TOO_MUCH).catch(() => {});
    await first.says(/nothing new is taken: .*full.*goes on by itself/);
    const status = await workspace.run('status');
    expect([status.code, status.out]).toEqual([5, expect.stringMatching(/STORE[\s\S]*full/)]);
    first.kill('SIGINT');
    await first.says(/waits for room on the disk[\s\S]*Ctrl\+C again ends it now/);
    first.kill('SIGINT');
    const { code, err } = await first.ended;
    expect([code, err]).toEqual([
      5,
      expect.stringMatching(/error: the stream took nothing more[\s\S]*next: +make room/),
    ]);
    expect(err.match(/took nothing more/g)).toHaveLength(1);

    await ballast.free();
    await ballast.close();
    const second = start('--nats', url);
    await second.says(LAST);
    await stop(second);
    expect((await workspace.run(`verify --nats ${url} --company acme`)).out).toContain('sound');
    expect((await workspace.run(`audit --nats ${url}`)).code).toBe(0);
  }),
);

test(
  'while its disk is full Ctrl+C waits, and ends it with everything recorded once there is room',
  onSmallDisk(async (_, start, url) => {
    const up = start('--nats', url);
    await up.says(/working\s+T1/);
    const ballast = await loadBallast(url);
    await ballast.fill(TOO_MUCH).catch(() => {});
    await up.says(/nothing new is taken/);
    up.kill('SIGINT');
    await up.says(/waits for room on the disk/);
    await ballast.free();
    await ballast.close();
    expect(await up.ended).toMatchObject({ code: 0, out: expect.stringContaining('process left') });
  }),
);
