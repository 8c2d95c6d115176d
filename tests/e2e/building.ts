// A company that builds the product of pocket.yaml in real time, five hundred times as fast as the wall.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { pocket, type Running, Workspace } from './process.ts';

type Start = (...more: string[]) => Running;

/** A test in a workspace of its own. */
export const inWorkspace = (body: (workspace: Workspace, start: Start) => Promise<void>) => async (): Promise<void> => {
  const workspace = new Workspace();
  try {
    await body(workspace, (...more) => workspace.start(['up', '--script', pocket, '--speed', '500', ...more]));
  } finally {
    await workspace.remove();
  }
};

/** Says that the last of its tasks is done. */
export const LAST = /done\s+T4/;

export async function stop(up: Running): Promise<void> {
  up.kill('SIGINT');
  expect((await up.ended).code).toBe(0);
}

/** All four tasks done once and each change merged once, by the stream and by the repository. */
export async function expectWhole(workspace: Workspace): Promise<void> {
  const { out } = await workspace.run('log --all --json');
  const messages = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const ids = (type: string) => messages.filter((one) => one.type === type).map(({ subject }) => subject);
  expect(ids('task.completed').sort()).toEqual(['task.T1', 'task.T2', 'task.T3', 'task.T4']);
  expect(ids('pull.merged').sort()).toEqual(['forge.pull.1', 'forge.pull.2', 'forge.pull.3']);
  expect(ids('backlog.given')).toHaveLength(1);
  expect(ids('dead.lettered')).toEqual([]);
  const cwd = join(workspace.dir, 'products', 'pocket');
  const commits = execFileSync('git', ['log', '--format=%s', '--first-parent'], { cwd }).toString();
  expect(commits.match(/^T\d/gm)?.sort()).toEqual(['T1', 'T2', 'T4']);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
}
