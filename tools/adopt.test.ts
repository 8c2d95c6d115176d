import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adoptRepo, examineRepo, RepoRefused, slugOfFolder } from './adopt.ts';
import { detectTest } from './detect-test.ts';
import { type Git, openGit } from './git.ts';

let dir = '';
let git: Git;
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'headcount-adopt-')));
  git = openGit({ home: join(dir, 'home'), env: process.env });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (repo: string, ...words: string[]) =>
  execFileSync(
    'git',
    ['-C', repo, '-c', 'user.name=ada', '-c', 'user.email=a@example.org', '-c', 'protocol.file.allow=always', ...words],
    { encoding: 'utf8', stdio: 'pipe' },
  );

/** A repository with one commit on `trunk`. */
function repo(name: string, file = 'a.txt'): string {
  const path = join(dir, name);
  mkdirSync(path);
  run(path, 'init', '-q', '-b', 'trunk');
  writeFileSync(join(path, file), name);
  run(path, 'add', '-A');
  run(path, 'commit', '-q', '-m', name);
  return path;
}

const reasonFor = async (path: string) => {
  const error = await examineRepo(git, path).catch((thrown: unknown) => thrown);
  if (!(error instanceof RepoRefused)) throw error;
  expect(error.next).not.toBe('');
  return error.reason;
};

describe('a repository is refused', () => {
  test('that is not there, is no repository, or is bare', async () => {
    expect(await reasonFor(join(dir, 'nowhere'))).toBe('missing');
    mkdirSync(join(dir, 'plain'));
    expect(await reasonFor(join(dir, 'plain'))).toBe('no-git');
    execFileSync('git', ['init', '-q', '--bare', join(dir, 'bare.git')]);
    expect(await reasonFor(join(dir, 'bare.git'))).toBe('bare');
  });

  test('that has no commit, or no branch', async () => {
    const path = join(dir, 'empty');
    execFileSync('git', ['init', '-q', path]);
    expect(await reasonFor(path)).toBe('empty');
    const detached = repo('detached');
    run(detached, 'checkout', '-q', '--detach');
    expect(await reasonFor(detached)).toBe('empty');
  });

  test('whose changes are not committed', async () => {
    const path = repo('dirty');
    writeFileSync(join(path, 'a.txt'), 'changed');
    expect(await reasonFor(path)).toBe('dirty');
  });

  test('that has only part of its history', async () => {
    const whole = repo('whole');
    run(whole, 'commit', '-q', '--allow-empty', '-m', 'second');
    run(dir, 'clone', '-q', '--depth', '1', `file://${whole}`, 'shallow');
    expect(await reasonFor(join(dir, 'shallow'))).toBe('shallow');
  });

  test('with submodules', async () => {
    const path = repo('with-modules');
    run(path, 'submodule', '--quiet', 'add', repo('module'), 'sub');
    run(path, 'commit', '-q', '-m', 'sub');
    expect(await reasonFor(path)).toBe('submodules');
  });
});

test('its checked-out branch becomes main of the product; a second time nothing happens', async () => {
  const source = await examineRepo(git, repo('good'));
  const root = join(dir, 'products');
  expect([await adoptRepo(git, root, 'good', source), await adoptRepo(git, root, 'good', source)]).toEqual([
    true,
    false,
  ]);
  expect(run(join(root, 'good'), 'log', '--format=%s', 'main')).toBe('good\n');
  expect(run(join(root, 'good'), 'status', '--porcelain', '--branch')).toBe('## main\n');
});

test('another product of that name is left alone', async () => {
  const source = await examineRepo(git, repo('other'));
  await expect(adoptRepo(git, join(dir, 'products'), 'good', source)).rejects.toThrow('is another product');
});

test.each([
  ['/x/My API.git', 'my-api'],
  ['/x/42', 'product'],
])('%s is called %s', (path, slug) => expect(slugOfFolder(path)).toBe(slug));

test.each([
  ['package.json', '{"scripts":{"test":"vitest run"}}', 'npm test'],
  ['package.json', '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}', undefined],
  ['package.json', 'nonsense', undefined],
  ['go.mod', 'module x', 'go test ./...'],
  ['pyproject.toml', '[tool.pytest.ini_options]', 'python3 -m pytest'],
  ['Makefile', 'all:\n\ntest:\n\ttrue\n', 'make test'],
  ['Makefile', 'all:\n', undefined],
])('%s with %j is tested by %s', (file, text, command) => {
  const folder = mkdtempSync(join(dir, 'tested-'));
  writeFileSync(join(folder, file), text);
  expect(detectTest(folder)).toBe(command);
});
