// Plumbing on one repository, as functions over its git directory. Every template that reads or writes objects and refs is
// here; names and commit ids are checked before they get this far.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Changed, type Document, isDocument } from '../bus/documents.ts';
import type { Git, GitAt, Identity } from './git.ts';
import { GitFailed } from './git.ts';

/** An entry of a tree, as git sees it. */
export type Entry = { readonly mode: string; readonly id: string; readonly path: string };

/** Everything a product may hold: plain files. No links, no submodules. */
const PLAIN = ['100644', '100755'];

export function isPlain(entry: Entry): boolean {
  return PLAIN.includes(entry.mode);
}

/** What a file of `refs/` holds when it is written out and no other ref's name. */
const LOOSE = /^(?:[0-9a-f]{40}|[0-9a-f]{64})\n$/;

/** Names of files that are no refs: what git would refuse, and its locks. */
const NO_REF = /\.\.|\/\.|\.lock$/;

/** A ref as its own file has it, which goes before every packed one; undefined when only git can tell. */
async function looseRef(at: GitAt, ref: string): Promise<string | undefined> {
  if (!ref.startsWith('refs/') || NO_REF.test(ref)) return undefined;
  const text = await readFile(join(at.gitDir, ref), 'utf8').catch(() => '');
  return LOOSE.test(text) ? text.trim() : undefined;
}

/** The commit a branch points at, or another ref by its full name or an id; undefined when there is none. */
export async function resolveRef(git: Git, at: GitAt, ref: string): Promise<string | undefined> {
  // Most questions are about a branch that is there: no process is needed for that.
  const loose = await looseRef(at, ref);
  if (loose !== undefined) return loose;
  const { code, out } = await git.run(at, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], {
    codes: [1],
  });
  return code === 0 ? out.trim() : undefined;
}

/** Files at a commit or tree, sorted by path as git sorts. Throws GitFailed. */
export async function entriesOf(git: Git, at: GitAt, commit: string): Promise<Entry[]> {
  const { out } = await git.run(at, ['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit]);
  const entries: Entry[] = [];
  for (const line of out.split('\0')) {
    const match = /^(\d{6}) \w+ ([0-9a-f]+)\t([\s\S]+)$/.exec(line);
    const [, mode, id, path] = match ?? [];
    if (mode && id && path) entries.push({ mode, id, path });
  }
  return entries;
}

/** The content of a blob, as text. Throws GitFailed. */
export async function readBlob(git: Git, at: GitAt, id: string): Promise<string> {
  return (await git.run(at, ['cat-file', 'blob', id])).out;
}

/** What `cat-file --batch` answers for these blobs; undefined when one is missing, or they cannot be told apart. */
function blobsIn(answer: string, ids: readonly string[]): string[] | undefined {
  // Sizes are of bytes, and this was bytes that are no text: they have become others.
  if (answer.includes('\uFFFD')) return undefined;
  const bytes = Buffer.from(answer);
  const texts: string[] = [];
  let at = 0;
  for (const id of ids) {
    const end = bytes.indexOf('\n', at);
    const [name, kind, size] = bytes.toString('latin1', at, end).split(' ');
    if (name !== id || kind !== 'blob') return undefined;
    at = end + 1 + Number(size) + 1;
    texts.push(bytes.toString('utf8', end + 1, at - 1));
  }
  return texts;
}

/** The contents of blobs, as text, in this order; undefined when they must be read one by one. Throws GitFailed. */
export async function readBlobs(git: Git, at: GitAt, ids: readonly string[]): Promise<readonly string[] | undefined> {
  const { out } = await git.run(at, ['cat-file', '--batch'], { input: ids.map((id) => `${id}\n`).join('') });
  return blobsIn(out, ids);
}

/** Makes a commit object; no ref moves. The same input gives the same id. */
export async function commitTree(
  git: Git,
  at: GitAt,
  commit: { readonly tree: string; readonly parents: readonly string[]; readonly message: string },
  identity: Identity,
): Promise<string> {
  const parents = commit.parents.flatMap((parent) => ['-p', parent]);
  const input = `${commit.message.replaceAll('\0', '')}\n`;
  const { out } = await git.run(at, ['commit-tree', commit.tree, ...parents, '-F', '-'], { input, identity });
  return out.trim();
}

/**
 * Moves a ref if it still points at `old` (undefined: if it does not exist).
 * @returns false when somebody else moved it first
 */
export async function moveRef(git: Git, at: GitAt, ref: string, to: string, old: string | undefined): Promise<boolean> {
  const input = `start\nupdate ${ref} ${to} ${old ?? '0'.repeat(to.length)}\nprepare\ncommit\n`;
  try {
    await git.run(at, ['update-ref', '--stdin'], { input });
    return true;
  } catch (error) {
    if (!(error instanceof GitFailed) || (await resolveRef(git, at, ref)) === old) throw error;
    return false;
  }
}

/** Moves a ref wherever it points. */
export async function setRef(git: Git, at: GitAt, ref: string, to: string): Promise<void> {
  await git.run(at, ['update-ref', '--stdin'], { input: `start\nupdate ${ref} ${to}\nprepare\ncommit\n` });
}

/** Writes a ref of a repository that was just made: nobody else has seen it, so its file is all there is to it. */
export async function writeRef({ gitDir }: GitAt, ref: string, to: string): Promise<void> {
  const file = join(gitDir, ref);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${to}\n`);
}

export type Merge =
  | { readonly ok: true; readonly tree: string }
  | { readonly ok: false; readonly paths: readonly string[] };

/**
 * Merges two commits without touching a work tree or a ref. The harness's own files stay as ours has them, whatever theirs
 * did to them.
 * @param index a file that may be used as an index, and is not there
 */
export async function mergeTrees(
  git: Git,
  at: GitAt,
  sides: { readonly ours: string; readonly theirs: string },
  entries: (id: string) => Promise<readonly Entry[]>,
  index: string,
): Promise<Merge> {
  const { ours, theirs } = sides;
  const { code, out } = await git.run(
    at,
    ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z', ours, theirs],
    { codes: [1] },
  );
  const [tree = '', ...named] = out.split('\0').map((part) => part.trim());
  const paths = [...new Set(named.filter((path) => path !== ''))].filter((path) => !isDocument(path));
  if (code !== 0 && paths.length > 0) return { ok: false, paths };
  const [before, now] = [await entries(ours), await entries(tree)];
  const kept = before.filter(({ path }) => isDocument(path));
  const made = now.filter(({ path }) => isDocument(path));
  const same = (one: Entry, other: Entry) => one.path === other.path && one.id === other.id;
  const foreign = made.filter((entry) => !kept.some((own) => same(own, entry)));
  const missing = kept.filter((entry) => !made.some((own) => same(own, entry)));
  if (foreign.length === 0 && missing.length === 0) return { ok: true, tree };
  const gone = foreign.map(({ path }) => ({ path, mode: '0', id: '0'.repeat(tree.length) }));
  return { ok: true, tree: await treeWith(git, at, tree, [...gone, ...missing], index) };
}

/**
 * A tree with some entries put in place of what it has; mode 0 takes one out.
 * @param index a file that may be used as an index, and is not there
 */
export async function treeWith(
  git: Git,
  at: GitAt,
  tree: string,
  entries: readonly Entry[],
  index: string,
): Promise<string> {
  const own = { gitDir: at.gitDir, index };
  await git.run(own, ['read-tree', tree]);
  const input = entries.map(({ mode, id, path }) => `${mode} ${id}\t${path}\0`).join('');
  await git.run(own, ['update-index', '-z', '--index-info'], { input });
  return (await git.run(own, ['write-tree'])).out.trim();
}

/** Writes files as objects: entries for a tree. */
export async function writeDocuments(git: Git, at: GitAt, documents: readonly Document[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const { path, content } of documents) {
    const { out } = await git.run(at, ['hash-object', '-w', '--stdin'], { input: content });
    entries.push({ path, mode: '100644', id: out.trim() });
  }
  return entries;
}

/** The first parent of a commit; undefined for the first one of a repository. */
export async function parentOf(git: Git, at: GitAt, commit: string): Promise<string | undefined> {
  const { out } = await git.run(at, ['rev-list', '--parents', '-n', '1', '--end-of-options', commit]);
  return out.trim().split(' ')[1];
}

/** Which paths differ between two listings, sorted. */
export function changedIn(before: readonly Entry[], after: readonly Entry[]): readonly Changed[] {
  const [old, now] = [before, after].map((entries) => new Map(entries.map(({ path, id }) => [path, id])));
  return [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].sort().flatMap((path): Changed[] => {
    const [was, is] = [old?.get(path), now?.get(path)];
    if (was === is) return [];
    return [{ path, kind: was === undefined ? 'added' : is === undefined ? 'deleted' : 'changed' }];
  });
}

/** Writes the files of a commit or tree into an empty folder: no repository, no links to one. */
export async function exportTree(git: Git, gitDir: string, commit: string, dir: string, index: string): Promise<void> {
  await git.run({ gitDir, workTree: dir, index }, ['read-tree', '--reset', '-u', commit]);
}

/** A squash merge that is already on the default branch after `base`: the commit with this trailer. */
export async function findByTrailer(
  git: Git,
  at: GitAt,
  range: { readonly base: string; readonly head: string },
  trailer: { readonly key: string; readonly value: string },
): Promise<string | undefined> {
  if (range.base === range.head) return undefined;
  const { out } = await git.run(at, [
    'log',
    '--first-parent',
    '--no-ext-diff',
    '--no-textconv',
    `--format=%H %(trailers:key=${trailer.key},valueonly,separator=%x2C)`,
    '--end-of-options',
    `${range.base}..${range.head}`,
  ]);
  const line = out.split('\n').find((text) => text.trim().split(' ').slice(1).join(' ') === trailer.value);
  return line?.split(' ')[0];
}
