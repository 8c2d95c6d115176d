// A task's own clone: `<work>/<task>/tree` is what the author may fill, `<work>/<task>/git` is the host's and never shown to
// foreign code, so no hook, filter or configuration of theirs can exist. Objects are borrowed from the product.

import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HeadcountError } from '../bus/errors.ts';
import type { FileChange } from '../bus/records.ts';
import type { Git, GitAt } from './git.ts';
import { checkBranch, checkCommit, checkSlug } from './names.ts';
import { idOf, type Objects } from './objects.ts';
import { checkChanges, fileLimits, PathRefused, placeInside } from './paths.ts';
import { type Entry, exportTree, isPlain, moveRef, resolveRef, writeRef } from './repo.ts';
import type { Applied, Clone, Committing } from './tools.ts';

/** A file changed on the default branch since the author saw it, and is not what the author would make of it. */
export class Conflict extends HeadcountError {
  override readonly name = 'Conflict';
  readonly paths: readonly string[];
  constructor(paths: readonly string[]) {
    super(
      'CONFLICT',
      `${paths.join(', ')} changed on the default branch since it was read`,
      'read it again and write the change anew',
    );
    this.paths = paths;
  }
}

/** The clone is not there any more, or never was. */
export class NoClone extends HeadcountError {
  override readonly name = 'NoClone';
  constructor(clone: Clone) {
    super(
      'NO_CLONE',
      `the clone of ${clone.branch} is gone`,
      'open it again; its commits are lost unless a pull request has them',
    );
  }
}

/** What all of this works with. */
export type CloneHost = { readonly git: Git; readonly objects: Objects; readonly workRoot: string };

/** Where the parts of a clone are on this machine. */
export type CloneParts = { readonly at: GitAt & { workTree: string }; readonly tree: string; readonly backups: string };

const ref = (branch: string) => `refs/heads/${branch}`;

/** Throws NameRefused. */
export function partsOf(workRoot: string, task: string): CloneParts {
  const dir = join(workRoot, checkSlug(task, 'task'));
  const tree = join(dir, 'tree');
  return { at: { gitDir: join(dir, 'git'), workTree: tree }, tree, backups: join(dir, 'backups') };
}

/** The parts of a clone that exists. Throws NoClone, NameRefused. */
export async function openParts(workRoot: string, clone: Clone): Promise<CloneParts> {
  const parts = partsOf(workRoot, dirname(clone.dir));
  const there = await Promise.all([parts.tree, parts.at.gitDir].map((dir) => stat(dir).catch(() => undefined)));
  if (there.some((found) => !found?.isDirectory())) throw new NoClone(clone);
  return parts;
}

/** Makes a clean clone at `base`; what was there is gone, apart from backups. */
export async function makeClone(
  { git, workRoot }: CloneHost,
  want: {
    readonly product: string;
    readonly productGit: string;
    readonly task: string;
    readonly branch: string;
    readonly base: string;
    readonly from: string;
  },
): Promise<Clone> {
  const branch = checkBranch(want.branch);
  const parts = partsOf(workRoot, want.task);
  await dropClone(parts);
  await mkdir(parts.tree, { recursive: true });
  await git.init(parts.at.gitDir, branch, true);
  await writeFile(join(parts.at.gitDir, 'objects/info/alternates'), `${resolve(want.productGit, 'objects')}\n`);
  const from = checkCommit(want.from);
  await writeRef(parts.at, ref(branch), from);
  await exportTree(git, parts.at.gitDir, from, parts.tree, join(parts.at.gitDir, 'index'));
  return { dir: `${want.task}/tree`, product: want.product, branch, base: checkCommit(want.base), from };
}

/** An empty clone of nothing: for a program that is asked a question and changes no product. Throws NameRefused. */
export async function emptyClone(workRoot: string, task: string): Promise<Clone> {
  const parts = partsOf(workRoot, task);
  await Promise.all([parts.tree, parts.at.gitDir].map((dir) => mkdir(dir, { recursive: true })));
  const nothing = '0'.repeat(40);
  return { dir: `${task}/tree`, product: 'none', branch: `agent/${task}/question`, base: nothing, from: nothing };
}

/** Removes a clone, keeping its backups. */
export async function dropClone(parts: CloneParts): Promise<void> {
  await rm(parts.at.gitDir, { recursive: true, force: true });
  await rm(parts.tree, { recursive: true, force: true });
}

async function changedBetween(objects: Objects, at: GitAt, from: string, to: string): Promise<ReadonlySet<string>> {
  const before = new Map((await objects.entries(at, from)).map(({ path, id }) => [path, id]));
  const after = new Map((await objects.entries(at, to)).map(({ path, id }) => [path, id]));
  const paths = new Set([...before.keys(), ...after.keys()]);
  return new Set([...paths].filter((path) => before.get(path) !== after.get(path)));
}

type Planned = { readonly file: FileChange; readonly place: string; readonly exists: boolean };

/** Keeps what is about to be replaced, once for each base. */
async function backUp(parts: CloneParts, base: string, planned: readonly Planned[]): Promise<string[]> {
  const folder = base.slice(0, 7);
  const kept: string[] = [];
  for (const { file, place, exists } of planned) {
    if (!exists) continue;
    const to = join(parts.backups, folder, file.path);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(place, to);
    kept.push(`${folder}/${file.path}`);
  }
  return kept;
}

/** Writes every new content beside the tree first, so that a full disk leaves the tree as it was. */
async function stage(parts: CloneParts, planned: readonly Planned[]): Promise<string> {
  const staging = join(dirname(parts.tree), 'staging');
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  for (const [index, { file, place, exists }] of planned.entries()) {
    if (!('content' in file)) continue;
    const to = join(staging, String(index));
    await writeFile(to, file.content, { mode: 0o644, flag: 'wx' });
    await chmod(to, exists ? (await stat(place)).mode & 0o777 : 0o644);
  }
  return staging;
}

/** Files that changed under their author, into something else than what the author brings. */
async function staleIn(objects: Objects, at: GitAt, draftedOn: string, from: string, files: readonly FileChange[]) {
  const changed = await changedBetween(objects, at, draftedOn, from);
  const now = new Map((await objects.entries(at, from)).map(({ path, id }) => [path, id]));
  const brings = (file: FileChange) => ('content' in file ? idOf('blob', file.content).toString('hex') : undefined);
  return files.filter((file) => changed.has(file.path) && now.get(file.path) !== brings(file)).map(({ path }) => path);
}

/** Writes a model's files, all or none. Throws PathRefused, Conflict, NoClone. */
export async function applyFiles(
  { objects, workRoot }: CloneHost,
  clone: Clone,
  files: readonly FileChange[],
  draftedOn: string,
): Promise<Applied> {
  const parts = await openParts(workRoot, clone);
  checkChanges(files);
  if (checkCommit(draftedOn) !== clone.from) {
    const stale = await staleIn(objects, parts.at, draftedOn, clone.from, files);
    if (stale.length > 0) throw new Conflict(stale.sort());
  }
  const planned: Planned[] = [];
  for (const file of files) planned.push({ file, ...(await placeInside(parts.tree, file.path)) });
  const backups = await backUp(parts, clone.from, planned);
  const staging = await stage(parts, planned);
  const written: string[] = [];
  const deleted: string[] = [];
  for (const [index, { file, place, exists }] of planned.entries()) {
    if ('content' in file) {
      // Reviewers read it, once it is committed.
      objects.know(file.content);
      await mkdir(dirname(place), { recursive: true });
      await rename(join(staging, String(index)), place);
      written.push(file.path);
    } else if (exists) {
      await rm(place);
      deleted.push(file.path);
    }
  }
  await rm(staging, { recursive: true, force: true });
  return { written, deleted, backups };
}

/** Foreign code may have left a repository of its own in the tree; it is never committed. */
async function refuseRepositories(tree: string): Promise<void> {
  for (const entry of await readdir(tree, { recursive: true })) {
    if (/^\.git$/i.test(basename(entry))) throw new PathRefused(entry, 'it is a git directory of its own');
  }
}

/** Everything in the work tree that git does not ignore, as a tree object. Throws PathRefused. */
async function treeIn(git: Git, parts: CloneParts): Promise<string> {
  await refuseRepositories(parts.tree);
  await git.run(parts.at, ['add', '--all', '--verbose']);
  return (await git.run(parts.at, ['write-tree'])).out.trim();
}

/** Commits everything in the tree; undefined when nothing changed. Throws PathRefused, NoClone, and what `look` throws. */
export async function commitClone(
  { git, objects, workRoot }: CloneHost,
  clone: Clone,
  { message, author, at, look }: Committing,
): Promise<string | undefined> {
  const parts = await openParts(workRoot, clone);
  const parent = await resolveRef(git, parts.at, ref(checkBranch(clone.branch)));
  if (parent === undefined) throw new NoClone(clone);
  const tree = await treeIn(git, parts);
  look?.(await changesIn(objects, parts, clone, tree));
  if (await isSame(objects, parts.at, parent, tree)) return undefined;
  await refuseSpecial(objects, parts.at, clone.base, tree);
  const commit = await objects.commit(parts.at, { tree, parents: [parent], message }, { author, at });
  if (!(await moveRef(git, parts.at, ref(clone.branch), commit, parent))) throw new NoClone(clone);
  return commit;
}

/** Text as git would have to give it back; undefined for bytes that are none. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return bytes.includes(0) || !Buffer.from(text).equals(bytes) ? undefined : text;
}

/** A tree that was made of what is in the clone, as changes of the commit that this started from. Throws PathRefused. */
async function changesIn(
  objects: Objects,
  parts: CloneParts,
  clone: Clone,
  tree: string,
): Promise<readonly FileChange[]> {
  await refuseSpecial(objects, parts.at, clone.from, tree);
  const changed = await changedBetween(objects, parts.at, clone.from, tree);
  const changes: FileChange[] = [];
  for (const path of [...changed].sort()) {
    const { place, exists } = await placeInside(parts.tree, path);
    if (!exists) {
      changes.push({ path, delete: true });
      continue;
    }
    if ((await stat(place)).size > fileLimits.fileBytes) throw new PathRefused(path, 'it is larger than 1 MB');
    const content = textOf(await readFile(place));
    if (content === undefined) throw new PathRefused(path, 'it is no text');
    changes.push({ path, content });
  }
  checkChanges(changes);
  return changes;
}

/**
 * What foreign code has left in the tree, as changes of the commit it started from; files that git ignores are left out.
 * Throws PathRefused for links, repositories of its own and what is no text; NoClone.
 */
export async function changesOf({ git, objects, workRoot }: CloneHost, clone: Clone): Promise<readonly FileChange[]> {
  const parts = await openParts(workRoot, clone);
  return changesIn(objects, parts, clone, await treeIn(git, parts));
}

function lineOf({ mode, id, path }: Entry): string {
  return `${mode} ${id} ${path}`;
}

async function isSame(objects: Objects, at: GitAt, one: string, other: string): Promise<boolean> {
  const [before, after] = [await objects.entries(at, one), await objects.entries(at, other)];
  return before.map(lineOf).join('\n') === after.map(lineOf).join('\n');
}

/** Links and submodules that `head` has and `base` has not: they could lead the host out of the product. Throws PathRefused. */
export async function refuseSpecial(objects: Objects, at: GitAt, base: string, head: string): Promise<void> {
  const known = new Set((await objects.entries(at, base)).map(lineOf));
  for (const entry of await objects.entries(at, head)) {
    if (isPlain(entry) || known.has(lineOf(entry))) continue;
    throw new PathRefused(entry.path, entry.mode === '160000' ? 'it is a submodule' : 'it is a link');
  }
}
