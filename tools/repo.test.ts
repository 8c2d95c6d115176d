import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gitIn, scratch } from './fixture.ts';
import { type Git, openGit } from './git.ts';
import { resolveRef } from './repo.ts';

let dir: string;
let at: { gitDir: string };
let commit: string;
let processes: number;
let git: Git;

beforeAll(() => {
  dir = scratch();
  gitIn(dir, 'init', '--quiet', '--initial-branch=main');
  gitIn(dir, 'commit', '--quiet', '--allow-empty', '-m', 'first');
  commit = gitIn(dir, 'rev-parse', 'HEAD');
  gitIn(dir, 'branch', 'packed');
  gitIn(dir, 'pack-refs', '--all');
  gitIn(dir, 'branch', 'agent/T1/loose');
  gitIn(dir, 'symbolic-ref', 'refs/heads/alias', 'refs/heads/packed');
  at = { gitDir: join(dir, '.git') };
});

beforeEach(() => {
  processes = 0;
  const real = openGit({ home: scratch(), env: process.env });
  git = {
    ...real,
    run: (...given) => {
      processes += 1;
      return real.run(...given);
    },
  };
});

describe('what a ref points at', () => {
  test('is read from its file where it has one, without a process', async () => {
    expect(await resolveRef(git, at, 'refs/heads/agent/T1/loose')).toBe(commit);
    expect(processes).toBe(0);
  });

  test.each(['refs/heads/packed', 'refs/heads/alias'])(
    'is asked of git where the file does not say it: %s',
    async (ref) => {
      expect(await resolveRef(git, at, ref)).toBe(commit);
      expect(processes).toBe(1);
    },
  );

  test('goes before what was packed once it has moved', async () => {
    gitIn(dir, 'commit', '--quiet', '--allow-empty', '-m', 'second');
    expect(await resolveRef(git, at, 'refs/heads/main')).toBe(gitIn(dir, 'rev-parse', 'main'));
    expect(await resolveRef(git, at, 'refs/heads/main')).not.toBe(commit);
  });

  test.each([
    'refs/heads/none',
    'refs/heads/agent',
    'refs/heads/../outside',
    'refs/heads/main.lock',
    'refs/heads/half',
  ])('is nothing for a name that is no ref: %s', async (ref) => {
    for (const name of ['refs/outside', 'refs/heads/main.lock']) writeFileSync(join(at.gitDir, name), `${commit}\n`);
    writeFileSync(join(at.gitDir, 'refs/heads/half'), commit.slice(0, 20));
    expect(await resolveRef(git, at, ref)).toBeUndefined();
  });
});
