// Companies that are stopped, killed, or lose their server in the middle of their work.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startServer } from '../../bus/server/launcher.ts';
import { pocket, type Running, Workspace } from './process.ts';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

const start = (...more: string[]): Running =>
  workspace.start(['up', '--script', pocket, '--speed', '500', ...more]);

/** Says that the last of its tasks is done. */
const LAST = /done\s+T4/;

async function stop(up: Running): Promise<void> {
  up.kill('SIGINT');
  expect((await up.ended).code).toBe(0);
}

/** All four tasks done once, each merged once, by the stream and by the repository. */
async function expectWhole(): Promise<void> {
  const { out } = await workspace.run('log --all --json');
  const messages = out.trim().split('\n').map((line) => JSON.parse(line));
  const ids = (type: string) => messages.filter((one) => one.type === type).map(({ subject }) => subject);
  expect(ids('task.completed').sort()).toEqual(['task.T1', 'task.T2', 'task.T3', 'task.T4']);
  expect(ids('pull.merged').sort()).toEqual(['forge.pull.1', 'forge.pull.2', 'forge.pull.3']);
  expect(ids('backlog.given')).toHaveLength(1);
  expect(ids('dead.lettered')).toEqual([]);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
}

const live = async (url: string): Promise<string> => (await fetch(`${url}/healthz`)).text();

describe('a company that builds a product', () => {
  test('goes on where Ctrl+C stopped it, and what was live is live again', async () => {
    const first = start();
    await first.says(/merged\s+pull 1/);
    await stop(first);
    expect(workspace.processes()).toEqual([]);

    const second = start();
    await second.says(LAST);
    expect(second.written()).not.toMatch(/merged\s+pull 1/);
    await stop(second);
    await expectWhole();
    expect(workspace.processes()).toEqual([]);

    const third = start();
    const [, commit, url = ''] = await third.says(/live again: pocket (\w{7}) at (\S+)/);
    expect(third.written()).not.toContain('backlog');
    expect(await live(url)).toBe('ok');
    expect((await workspace.run('log')).out).toContain(`deployment live  pocket ${commit}`);
    await stop(third);
    await expect(live(url)).rejects.toThrow();
  });

  test('goes on where SIGKILL ended it', async () => {
    const first = start();
    await first.says(/merged\s+pull 1/);
    first.kill('SIGKILL');
    await first.ended;

    const second = start();
    await second.says(LAST);
    await stop(second);
    await expectWhole();
  });

  test('survives the death of its own server, which is started again', async () => {
    const up = start();
    await up.says(/merged\s+pull 1/);
    const { pid } = JSON.parse(workspace.read('.headcount', 'nats', 'server.json'));
    process.kill(pid, 'SIGKILL');
    await up.says(/nats-server ended \(SIGKILL\); starting it again on port \d+/);
    await up.says(/the nats-server \S+ is back/);
    await up.says(LAST);
    await stop(up);
    await expectWhole();
    expect(workspace.processes()).toEqual([]);
  });

  test('waits for a server of somebody else that died, and goes on when it is back', async () => {
    const storeDir = workspace.folder('store');
    const server = await startServer({ storeDir });
    const up = start('--nats', server.url);
    await up.says(/merged\s+pull 1/);
    process.kill(server.pid, 'SIGKILL');
    await up.says(/lost the nats-server/);
    const again = await startServer({ storeDir, port: server.port });
    await up.says(/the nats-server \S+ is back/);
    await up.says(LAST);
    await stop(up);
    const { out } = await workspace.run(`tasks --nats ${again.url} --json`);
    expect(JSON.parse(out).map(({ status }: { status: string }) => status)).toEqual(['done', 'done', 'done', 'done']);
    await again.stop();
  });

  test('ends at once when Ctrl+C is pressed twice, and leaves nothing', async () => {
    const up = start();
    await up.says(/working\s+T1/);
    up.kill('SIGINT');
    await up.says(/press Ctrl\+C again/);
    up.kill('SIGINT');
    await up.ended;
    expect(workspace.processes()).toEqual([]);
    expect(workspace.has('.headcount', 'run.json')).toBe(false);
  });
});
