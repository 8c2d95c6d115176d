// A company that builds a product in real time, a hundred times as fast as the wall: what comes after a merge takes two seconds
// at least, which is time for a blow to come first.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { pages, pocket, type Running, Workspace } from './process.ts';

type Start = (...more: string[]) => Running;

/** What is built, and what is there when it is whole. */
export type Build = {
  readonly script: string;
  readonly tasks: readonly string[];
  /** Those of them that changed files. */
  readonly merged: readonly string[];
  /** Says that the last of them is done. */
  readonly last: RegExp;
};

const PAGES: Build = { script: pages, tasks: ['T1', 'T2'], merged: ['T1', 'T2'], last: /done\s+T2/ };

/** With a deployment. */
export const POCKET: Build = {
  script: pocket,
  tasks: ['T1', 'T2', 'T3'],
  merged: ['T1', 'T3'],
  last: /done\s+T3/,
};

/** Says that the last task is done where nothing more is built than `PAGES`. */
export const LAST = PAGES.last;

/** A test in a workspace of its own. */
export const inWorkspace =
  (body: (workspace: Workspace, start: Start) => Promise<void>, { script }: Build = PAGES) =>
  async (): Promise<void> => {
    const workspace = new Workspace();
    try {
      await body(workspace, (...more) => workspace.start(['up', '--script', script, '--speed', '100', ...more]));
    } finally {
      await workspace.remove();
    }
  };

export async function stop(up: Running): Promise<void> {
  up.kill('SIGINT');
  expect((await up.ended).code).toBe(0);
}

/** All tasks done once and each change merged once, by the stream and by the repository. */
export async function expectWhole(workspace: Workspace, { tasks, merged }: Build = PAGES): Promise<void> {
  const { out } = await workspace.run('log --all --json');
  const messages = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const ids = (type: string) => messages.filter((one) => one.type === type).map(({ subject }) => subject);
  expect(ids('task.completed').sort()).toEqual(tasks.map((id) => `task.${id}`));
  expect(ids('pull.merged').sort()).toEqual(merged.map((_, index) => `forge.pull.${index + 1}`));
  expect(ids('backlog.given')).toHaveLength(1);
  expect(ids('dead.lettered')).toEqual([]);
  const cwd = join(workspace.dir, 'products', 'pocket');
  const commits = execFileSync('git', ['log', '--format=%s', '--first-parent'], { cwd }).toString();
  expect(commits.match(/^T\d/gm)?.sort()).toEqual(merged);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
}
