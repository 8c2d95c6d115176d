// A repository of somebody else becomes a product: its default branch is fetched into `products/<slug>`, as `main`. The
// repository it comes from is only read. Nothing of it runs: no hook, no filter, no helper (git.ts).

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { HeadcountError } from '../bus/errors.ts';
import { type Git, type GitAt, GitFailed } from './git.ts';
import { checkSlug } from './names.ts';
import { resolveRef, setRef } from './repo.ts';

/** Why a repository cannot be taken. */
export type Unfit = 'missing' | 'no-git' | 'bare' | 'empty' | 'dirty' | 'shallow' | 'submodules' | 'huge' | 'taken';

/** A repository that cannot become a product as it is. Exit code 2. */
export class RepoRefused extends HeadcountError {
  override readonly name = 'RepoRefused';
  readonly reason: Unfit;
  constructor(reason: Unfit, message: string, next: string) {
    super('REPO_REFUSED', message, next, { exit: 2 });
    this.reason = reason;
  }
}

export type Source = {
  /** Its folder, without symbolic links. */
  readonly path: string;
  readonly gitDir: string;
  /** The branch that is taken: what is checked out. */
  readonly branch: string;
  readonly head: string;
};

/** A clone a task, copied for each test run: more than this is slow and fills the disk. */
const MOST_FILES = 20_000;
const MOST_KILOBYTES = 500_000;

/** A product's name from the folder of its repository. */
export function slugOfFolder(path: string): string {
  const plain = basename(path)
    .toLowerCase()
    .replace(/\.git$/, '');
  const slug = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return slug === '' ? 'product' : slug;
}

/**
 * Looks at a repository without changing anything in it.
 * Throws RepoRefused.
 */
export async function examineRepo(git: Git, folder: string): Promise<Source> {
  const path = await realpath(folder).catch(() => {
    throw new RepoRefused('missing', `there is no folder ${folder}`, 'name the folder of a git repository');
  });
  const gitDir = join(path, '.git');
  if (!existsSync(gitDir)) {
    const bare = existsSync(join(path, 'HEAD')) && existsSync(join(path, 'objects'));
    if (bare) throw new RepoRefused('bare', `${path} is a bare repository`, `git clone '${path}' and name the clone`);
    throw new RepoRefused('no-git', `${path} is no git repository`, `git -C '${path}' init, and commit what is there`);
  }
  const at: GitAt = { gitDir, workTree: path };
  const branch = (await read(git, at, ['symbolic-ref', '--quiet', '--short', 'HEAD'], [1])).trim();
  const head = branch === '' ? undefined : await resolveRef(git, at, `refs/heads/${branch}`);
  if (branch === '')
    throw new RepoRefused('empty', `${path} has no branch checked out`, `git -C '${path}' switch main`);
  if (head === undefined)
    throw new RepoRefused('empty', `${path} has no commit yet`, `git -C '${path}' commit what is there`);
  await refuseUnfit(git, at, path);
  return { path, gitDir, branch, head };
}

async function read(git: Git, at: GitAt, args: readonly string[], codes: readonly number[] = []): Promise<string> {
  return (await git.run(at, args, { codes })).out;
}

async function refuseUnfit(git: Git, at: GitAt, path: string): Promise<void> {
  if ((await read(git, at, ['rev-parse', '--is-shallow-repository'])).trim() === 'true')
    throw new RepoRefused('shallow', `${path} has only part of its history`, `git -C '${path}' fetch --unshallow`);
  const entries = (await read(git, at, ['ls-tree', '-r', '-z', '--full-tree', 'HEAD'])).split('\0');
  if (entries.some((entry) => entry.startsWith('160000 ')))
    throw new RepoRefused(
      'submodules',
      `${path} has submodules, which are not cloned`,
      'name a repository without any',
    );
  const kilobytes = Number(/size-pack: (\d+)/.exec(await read(git, at, ['count-objects', '-v']))?.[1] ?? 0);
  if (entries.length > MOST_FILES || kilobytes > MOST_KILOBYTES) {
    const size = `${entries.length - 1} files, ${Math.round(kilobytes / 1000)} MB of history`;
    throw new RepoRefused('huge', `${path} is too large: ${size}`, `at most ${MOST_FILES} files and 500 MB`);
  }
  // Without the lock that would write the index of somebody else's checkout.
  const status = await read(git, at, ['--no-optional-locks', 'status', '--porcelain', '--untracked-files=no']);
  if (status.trim() !== '') {
    const next = `git -C '${path}' commit (or stash): what is not committed would not be seen`;
    throw new RepoRefused('dirty', `${path} has changes that are not committed`, next);
  }
}

/**
 * Makes `root/<slug>` of a source, whole or not at all. One that was taken before is left as it is.
 * Returns true when it is new. Throws RepoRefused (`taken`) when that product is something else.
 */
export async function adoptRepo(git: Git, root: string, slug: string, source: Source): Promise<boolean> {
  const place = join(resolve(root), checkSlug(slug, 'product'));
  if (existsSync(place)) {
    if (await sharesHistory(git, place, source)) return false;
    throw new RepoRefused('taken', `${place} is another product`, 'move it away, or rename the folder of yours');
  }
  await mkdir(root, { recursive: true });
  const stage = await mkdtemp(join(root, '@adopting-'));
  try {
    await git.init(stage, 'main', false);
    const at = { gitDir: join(stage, '.git'), workTree: stage };
    const wanted = `+refs/heads/${source.branch}:refs/heads/main`;
    const quiet = ['--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--update-head-ok'];
    await git.run(at, ['fetch', ...quiet, '--end-of-options', source.path, wanted]);
    await git.run(at, ['read-tree', '--reset', '-u', 'refs/heads/main']);
    await setRef(git, at, 'refs/headcount/shown', source.head);
    await rename(stage, place);
    return true;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** True when the product has the commit that the repository was at, or grew from the same first one. */
async function sharesHistory(git: Git, place: string, source: Source): Promise<boolean> {
  const first = (at: GitAt, ref: string) => read(git, at, ['rev-list', '--max-parents=0', ref]);
  try {
    const [ours, theirs] = await Promise.all([
      first({ gitDir: join(place, '.git') }, 'refs/heads/main'),
      first({ gitDir: source.gitDir }, source.head),
    ]);
    return ours.trim() === theirs.trim();
  } catch (error) {
    if (error instanceof GitFailed) return false;
    throw error;
  }
}
