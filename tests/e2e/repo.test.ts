// A company at work on a repository that a person has: theirs is never changed, and nothing is merged without their yes.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../cli/package-root.ts';
import { Workspace } from './process.ts';

const workspace = new Workspace();
const script = join(packageRoot, 'tests', 'e2e', 'repo.yaml');
let repo = '';

const git = (...words: string[]) =>
  execFileSync('git', ['-C', repo, '-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...words], {
    encoding: 'utf8',
  });

/** Everything in a folder, with the bytes of each file. */
function contentsOf(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path, readFileSync(path, 'base64')]);
}

beforeAll(async () => {
  await workspace.run('init --name acme --template software --yes');
  repo = workspace.folder('api');
  writeFileSync(
    join(repo, 'package.json'),
    '{"name":"api","private":true,"scripts":{"test":"node test/double.test.mjs"}}\n',
  );
  git('init', '-q', '-b', 'trunk');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
});

afterAll(() => workspace.remove());

test('what is not committed is not worked on, and the org file stays as it was', async () => {
  const before = workspace.read('org', 'org.yaml');
  writeFileSync(join(repo, 'package.json'), '{}');
  const { code, err } = await workspace.run('up --repo api --json');
  git('checkout', '-q', '--', 'package.json');
  expect([code, JSON.parse(err).error.code]).toEqual([2, 'REPO_REFUSED']);
  expect(workspace.read('org', 'org.yaml')).toBe(before);
});

test('a merge waits for a yes to exactly this head; their checkout is as it was', async () => {
  const before = contentsOf(repo);
  const up = workspace.start(['up', '--repo', 'api', '--script', script, '--speed', '1000']);
  const [id = ''] = await up.says(/permit-T1-merge-[0-9a-f]{7}/);
  const status = JSON.parse((await workspace.run('status --json')).out);
  const [question] = status.needsYou;
  expect(question).toMatchObject({ id, said: [{ by: 'backend' }, { by: 'qa', text: 'Fine.' }] });
  const facts = Object.fromEntries(question.facts.map(({ name, value }: Record<string, string>) => [name, value]));
  expect(facts.change).toBe('2 files, +6 -0');
  expect(facts.head?.slice(0, 7)).toBe(id.slice(-7));
  const product = join(workspace.dir, 'products', 'api');
  const log = () => execFileSync('git', ['-C', product, 'log', '--format=%s', 'main'], { encoding: 'utf8' });
  expect(log()).toBe('first\n');

  expect((await workspace.run(`answer ${id} allow`)).code).toBe(0);
  await up.says(/T1\s+.*merged|merged\s+pull 1|done\s+T1/);
  expect(log()).toBe('T1: Double a number\nfirst\n');
  expect(contentsOf(repo)).toEqual(before);
  git('fetch', '-q', product, 'main');
  expect(git('log', '-1', '--format=%s', 'FETCH_HEAD')).toBe('T1: Double a number\n');
  up.kill('SIGINT');
  expect((await up.ended).code).toBe(0);
});
