// A person who watches over a repository of theirs: they send a merge back, allow it, allow its deployment, and refuse the next.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../cli/package-root.ts';
import { type Running, Workspace } from './process.ts';

const workspace = new Workspace();
const script = join(packageRoot, 'tests', 'e2e', 'supervised.yaml');
let repo = '';

const git = (...words: string[]) =>
  execFileSync('git', ['-C', repo, '-c', 'user.name=ada', '-c', 'user.email=ada@example.org', ...words], {
    encoding: 'utf8',
  });
const log = () =>
  execFileSync('git', ['-C', join(workspace.dir, 'products', 'site'), 'log', '--format=%s', 'main'], {
    encoding: 'utf8',
  });
const needsYou = async (): Promise<{ id: string }[]> => JSON.parse((await workspace.run('status --json')).out).needsYou;

beforeAll(async () => {
  await workspace.run('init --name acme --template software --yes');
  repo = workspace.folder('site');
  writeFileSync(join(repo, 'package.json'), '{"name":"site","private":true}\n');
  git('init', '-q', '-b', 'trunk');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
  const product = `products:
  site:
    repo: ${repo}
    automation: supervised
    test: node --check src/server.mjs
    start: node src/server.mjs
    health: [GET / 200 ok]
`;
  writeFileSync(join(workspace.dir, 'org', 'org.yaml'), `${workspace.read('org', 'org.yaml')}${product}`);
});

afterAll(() => workspace.remove());

/** The id of a question that is asked, and not the one before. */
async function asked(up: Running, what: string, before = 'none'): Promise<string> {
  const [id] = await up.says(new RegExp(`permit-${what}-(?!${before})[0-9a-f]{7}`));
  return id;
}

const answer = async (id: string, option: string, ...note: string[]) => {
  const { code } = await workspace.start(['answer', id, option, '--by', 'ada', ...note]).ended;
  expect(code).toBe(0);
};

test('a person sends a merge back, allows it and its deployment, and refuses another', {
  timeout: 240_000,
}, async () => {
  const up = workspace.start(['up', '--script', script, '--speed', '1000']);

  const first = await asked(up, 'T1-merge');
  await answer(first, 'rework', '--note', 'it has to say ok');
  const second = await asked(up, 'T1-merge', first.slice(-7));
  expect(log()).toBe('first\n');
  expect((await workspace.run('why T1')).out).toContain('ada sends it back: it has to say ok');
  expect((await needsYou()).map(({ id }) => id)).toEqual([second]);
  await answer(second, 'allow');

  const deploy = await asked(up, 'T2-deploy');
  expect(log()).toBe('T1: Tell it over HTTP\nfirst\n');
  await answer(deploy, 'allow');
  await up.says(/deployment live\s+site/);

  const third = await asked(up, 'T3-merge');
  await answer(third, 'refuse', '--note', 'we do not follow people around');
  await up.says(/abandoned\s+T3 Track who came by: ada refused it/);
  const why = (await workspace.run('why T3')).out;
  expect(why).toContain('abandoned');
  expect(why).toContain('we do not follow people around');
  expect(log()).toBe('T1: Tell it over HTTP\nfirst\n');
  expect(await needsYou()).toEqual([]);
  const audit = await workspace.run('audit');
  expect(audit.code, audit.out).toBe(0);

  up.kill('SIGINT');
  expect((await up.ended).code).toBe(0);
});
