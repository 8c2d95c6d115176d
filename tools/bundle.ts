// A product repository in one piece, as it was at some point of its company's history: a git bundle of the default branch, the
// branches of open pull requests, and the heads of the others, so that a company can go back once more. The same history
// gives the same bytes.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HeadcountError } from '../bus/errors.ts';
import type { ProductFacts } from '../bus/product-facts.ts';
import { type Git, type GitAt, GitFailed } from './git.ts';
import { checkBranch, checkCommit, checkSlug } from './names.ts';
import { resolveRef, setRef } from './repo.ts';

/** A bundle that holds no product, or a product that is there already. Exit code 3. */
export class BundleRefused extends HeadcountError {
  override readonly name = 'BundleRefused';
  constructor(slug: string, reason: string, next: string, cause?: unknown) {
    super('BUNDLE_REFUSED', `product ${slug}: ${reason}`, next, { exit: 3, cause });
  }
}

const MAIN = 'refs/heads/main';
/** What the work tree was last brought to (products.ts). */
const SHOWN = 'refs/headcount/shown';

/** Packed alike on every machine: no deltas, so that neither chance nor an older pack has a say. */
const PLAIN_PACK = ['-c', 'pack.window=0', '-c', 'pack.depth=0', '-c', 'pack.threads=1', '-c', 'pack.compression=6'];

/**
 * The repository in `dir` as the facts say it was, as a bundle; undefined when there is none. What the default branch got
 * from pull requests that the facts do not know is left out, with everything after it. Throws GitFailed.
 */
export async function bundleProduct(
  git: Git,
  dir: string,
  facts: ProductFacts,
  scratch: string,
): Promise<Uint8Array | undefined> {
  const at = { gitDir: join(dir, '.git') };
  if (!(await readdir(dir).catch((): string[] => [])).includes('.git')) return undefined;
  const main = await mainAt(git, at, facts);
  if (main === undefined) return undefined;
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'bundle-'));
  try {
    const copy = { gitDir: join(folder, 'git') };
    await git.init(copy.gitDir, 'main', true);
    await writeFile(join(copy.gitDir, 'objects/info/alternates'), `${resolve(at.gitDir, 'objects')}\n`);
    await setRef(git, copy, MAIN, main);
    const refs = [MAIN];
    for (const { number, branch, head, status } of facts.pulls) {
      const ref = status === 'open' ? `refs/heads/${checkBranch(branch)}` : `refs/headcount/pull/${number}`;
      if ((await resolveRef(git, copy, checkCommit(head))) === undefined) continue;
      await setRef(git, copy, ref, head);
      refs.push(ref);
    }
    const file = join(folder, 'bundle');
    await git.run(copy, [...PLAIN_PACK, 'bundle', 'create', '--quiet', file, ...refs.sort()]);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The last commit of the default branch before the first merge that the facts do not know. */
async function mainAt(git: Git, at: GitAt, { merged, origin }: ProductFacts): Promise<string | undefined> {
  const head = await resolveRef(git, at, MAIN);
  if (head === undefined) return undefined;
  const format = '--format=%H %(trailers:key=Pull,valueonly,separator=%x2C)';
  const { out } = await git.run(at, ['log', '--first-parent', '--no-ext-diff', '--no-textconv', format, MAIN]);
  const commits = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ id: line.slice(0, line.indexOf(' ')), pull: line.slice(line.indexOf(' ') + 1).trim() }));
  // What was there before this company's first pull request is somebody else's history.
  const own = commits.findIndex(({ id }) => id === origin);
  const newest = own === -1 ? commits : commits.slice(0, own);
  const first = newest.findLastIndex(({ id, pull }) => pull !== '' && !merged.includes(id));
  return first === -1 ? head : commits[first + 1]?.id;
}

/** Makes the repository `<root>/<slug>` of a bundle, with its default branch checked out. Throws BundleRefused. */
export async function unbundleProduct(git: Git, root: string, slug: string, bundle: Uint8Array): Promise<string> {
  const dir = join(root, checkSlug(slug, 'product'));
  if ((await readdir(dir).catch((): string[] => [])).length > 0) {
    throw new BundleRefused(slug, `${dir} holds something already`, 'move it away, or choose another name');
  }
  const place = { gitDir: join(dir, '.git'), workTree: dir };
  try {
    await mkdir(root, { recursive: true });
    await git.init(dir, 'main', false);
    const file = join(place.gitDir, 'import.bundle');
    await writeFile(file, bundle);
    const flags = ['--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--no-auto-maintenance'];
    const refspecs = [MAIN, 'refs/heads/agent/*', 'refs/headcount/pull/*'].map((ref) => `+${ref}:${ref}`);
    await git.run(place, ['fetch', ...flags, '--update-head-ok', '--end-of-options', file, ...refspecs]);
    await rm(file);
    const main = await resolveRef(git, place, MAIN);
    if (main === undefined) throw new GitFailed('fetch', 'the bundle has no default branch');
    await git.run(place, ['read-tree', '--reset', '-u', main]);
    await setRef(git, place, SHOWN, main);
    return main;
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    if (!(error instanceof GitFailed)) throw error;
    throw new BundleRefused(slug, 'its bundle cannot be read', 'export the company again', error);
  }
}
