// What is remembered is what git says, and it is asked once.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { gitIn, START, scratch } from './fixture.ts';
import { type Git, type GitAt, openGit } from './git.ts';
import { type Objects, openObjects } from './objects.ts';
import { entriesOf, parentOf, readBlob } from './repo.ts';

let dir: string;
let at: GitAt;
let git: Git;
let objects: Objects;
/** Commands that were started since it was emptied. */
let asked: string[];

beforeEach(() => {
  dir = scratch();
  gitIn(dir, 'init', '--quiet', '--initial-branch=main');
  at = { gitDir: join(dir, '.git') };
  git = openGit({ home: scratch(), env: process.env });
  asked = [];
  const run: Git['run'] = (place, args, options) => {
    asked.push(args[0] ?? '');
    return git.run(place, args, options);
  };
  objects = openObjects({ ...git, run });
});

/** A commit of somebody else's. */
function foreign(files: Readonly<Record<string, string | Buffer>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  gitIn(dir, 'add', '--all');
  gitIn(dir, 'commit', '--quiet', '-m', 'by hand');
  return gitIn(dir, 'rev-parse', 'HEAD');
}

test('a tree that was written and its commit have the files that git lists, in its order', async () => {
  const first = foreign({ 'a/b.txt': 'b\n', 'a.txt': 'a\n', 'z.txt': 'z\n', 'ä.txt': 'ä\n' });
  const documents = [
    { path: 'a/B.md', content: 'new\n' },
    { path: 'z.txt', content: 'other\n' },
    { path: '\u{1F600}.md', content: 'half of one: \ud800\n' },
  ];
  const tree = await objects.write(at, first, documents, join(scratch(), 'index'));
  const commit = await objects.commit(at, { tree, parents: [first], message: 'm' }, { author: 'qa', at: START });
  asked = [];
  const entries = await objects.entries(at, commit);
  expect(await objects.entries(at, tree)).toBe(entries);
  const texts = await Promise.all(documents.map(({ path }) => objects.blob(at, idIn(entries, path))));
  expect(await objects.parent(at, commit)).toBe(first);
  expect(asked).toEqual([]);
  expect(entries).toEqual(await entriesOf(git, at, commit));
  expect(texts).toEqual(await Promise.all(documents.map(({ path }) => readBlob(git, at, idIn(entries, path)))));
  expect(await parentOf(git, at, commit)).toBe(first);
});

function idIn(entries: Awaited<ReturnType<Objects['entries']>>, path: string): string {
  return entries.find((entry) => entry.path === path)?.id ?? '';
}

test('a commit of somebody else is asked of git', async () => {
  const first = foreign({ 'a.txt': 'a\n' });
  const second = foreign({ 'a.txt': 'b\n' });
  expect(await objects.parent(at, second)).toBe(first);
  expect(await objects.parent(at, first)).toBeUndefined();
  const [file] = await objects.entries(at, second);
  expect(await objects.blob(at, file?.id ?? '')).toBe('b\n');
  expect(asked).toEqual(['rev-list', 'rev-list', 'ls-tree', 'cat-file']);
});

test('files that are asked for together are read by one process, letter for letter', async () => {
  const files = { 'a.txt': 'ä\n\u{1F600}', 'b.txt': '', 'c.txt': '\uFEFFc\r\n', 'd.txt': 'd\0e\n\n' };
  const commit = foreign(files);
  const entries = await objects.entries(at, commit);
  asked = [];
  const texts = await Promise.all(entries.map(({ id }) => objects.blob(at, id)));
  expect(texts).toEqual(Object.values(files));
  expect(asked).toEqual(['cat-file']);
});

test('one by one where one of them is no text, or missing', async () => {
  const binary = Buffer.from([0xff, 0xfe, 0x0a, 0xff]);
  const entries = await objects.entries(at, foreign({ 'a.txt': 'a\n', 'b.bin': binary }));
  const [text, bytes] = entries.map(({ id }) => id);
  const [gone, kept, found] = await Promise.allSettled(
    ['0'.repeat(40), text ?? '', bytes ?? ''].map((id) => objects.blob(at, id)),
  );
  expect(gone).toMatchObject({ status: 'rejected', reason: { code: 'GIT_FAILED' } });
  expect([kept, found]).toMatchObject([{ value: 'a\n' }, { value: binary.toString() }]);
});

test('a merge of the same two commits is made once, and again when a person has cleaned up what it had made', async () => {
  const base = foreign({ 'a.txt': 'a\n' });
  const ours = foreign({ 'b.txt': 'b\n' });
  gitIn(dir, 'switch', '--quiet', '-c', 'other', base);
  const theirs = foreign({ 'c.txt': 'c\n' });
  const merge = () => objects.merge(at, { ours, theirs }, join(scratch(), 'index'));
  const made = await merge();
  expect(made).toMatchObject({ ok: true });
  expect(await merge()).toEqual(made);
  expect(asked.filter((command) => command === 'merge-tree')).toHaveLength(1);
  gitIn(dir, 'prune');
  expect(await merge()).toEqual(made);
  expect(gitIn(dir, 'cat-file', '-t', made.ok ? made.tree : '')).toBe('tree');
  expect(asked.filter((command) => command === 'merge-tree')).toHaveLength(2);
});

test('what failed is asked again', async () => {
  const first = foreign({ 'a.txt': 'a\n' });
  const nowhere = { gitDir: scratch() };
  await expect(objects.entries(nowhere, first)).rejects.toMatchObject({ code: 'GIT_FAILED' });
  expect(await objects.entries(at, first)).toHaveLength(1);
});
