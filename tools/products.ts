// Product repositories under `products/<slug>`: ordinary ones that a person can open, read and edit. The company changes
// them with plumbing only: a merge is made beside the work tree, which then follows where nothing of the person's is lost.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Document } from '../bus/documents.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { Product } from '../bus/records.ts';
import {
  applyFiles,
  changesOf,
  commitClone,
  dropClone,
  makeClone,
  openParts,
  partsOf,
  refuseSpecial,
} from './clone.ts';
import { landDocuments } from './documents.ts';
import { type Git, type GitAt, GitFailed, harness, type Identity } from './git.ts';
import { withLock } from './lock.ts';
import { checkBranch, checkCommit, checkSlug } from './names.ts';
import { openObjects } from './objects.ts';
import { refusedPath } from './paths.ts';
import type { Limits } from './process.ts';
import { queues } from './queues.ts';
import { changedIn, exportTree, findByTrailer, type Merge, moveRef, resolveRef, setRef } from './repo.ts';
import type { Sandbox } from './sandbox.ts';
import { runTests, testLimits } from './testrun.ts';
import type { Clone, Products, TestRun } from './tools.ts';
import { validateFiles } from './validators.ts';

/** There is no such product, or its folder holds something else. */
export class NoProduct extends HeadcountError {
  override readonly name = 'NoProduct';
}

/** A person's uncommitted changes are in files that a merge would change. */
export class LocalEdits extends HeadcountError {
  override readonly name = 'LocalEdits';
  constructor(slug: string) {
    super(
      'LOCAL_EDITS',
      `products/${slug} has local changes in files that this merge changes; they were left alone and nothing was merged`,
      `commit or stash them in products/${slug}, then let the merge run again`,
    );
  }
}

/** What the forge and the deployer of this machine need on top of Products. */
export interface ProductRepos {
  /** Brings a clone's branch into the product. Throws NoClone, PathRefused. Returns its head there. */
  take(clone: Clone): Promise<string>;
  branchHead(slug: string, branch: string): Promise<string | undefined>;
  /** The harness's own files are in it as they are at `onto`: no branch can change them, so they never conflict. */
  merge(slug: string, onto: string, head: string): Promise<Merge>;
  /** The tree with these files of the harness in it. */
  write(slug: string, tree: string, documents: readonly Document[]): Promise<string>;
  /** Commits a tree on the default branch if that is still at `onto`; undefined when it moved. Throws LocalEdits. */
  land(slug: string, onto: string, tree: string, message: string, identity: Identity): Promise<string | undefined>;
  /** The merge of a pull request, when it is on the default branch after `base`. */
  findMerge(slug: string, base: string, pull: number): Promise<string | undefined>;
  /** Runs a command on a commit or tree, in a copy. */
  testTree(slug: string, tree: string, argv: readonly string[], signal: AbortSignal): Promise<TestRun>;
  /** Writes the files of a commit into a folder that is emptied first. */
  exportTo(slug: string, commit: string, dir: string): Promise<void>;
}

export type LocalProducts = Products & { readonly repos: ProductRepos };

export type ProductsOptions = {
  /** `products/`. */
  readonly root: string;
  /** Clones, copies and backups. */
  readonly workRoot: string;
  readonly sandbox: Sandbox;
  readonly git: Git;
  /** Where python3 is looked for. */
  readonly env: NodeJS.ProcessEnv;
  readonly limits?: Limits;
};

const MAIN = 'refs/heads/main';
/** What the work tree of the product was last brought to; differs from main after a crash in between. */
const SHOWN = 'refs/headcount/shown';

/** What no product keeps, as its `.gitignore` says from its first commit on. */
export const IGNORED = 'node_modules/\ncoverage/\n.env\n*.log\n';

/** The first file of a product. */
export function readmeOf({ name, description }: Pick<Product, 'name' | 'description'>): string {
  return `# ${name}\n\n${description}\n`;
}

export function firstMessageOf({ name }: Pick<Product, 'name'>): string {
  return `Start ${name.replace(/\s+/g, ' ')}`;
}

export function openProducts(options: ProductsOptions): LocalProducts {
  const { git, sandbox } = options;
  const root = resolve(options.root);
  const workRoot = resolve(options.workRoot);
  const limits = options.limits ?? testLimits;
  const objects = openObjects(git);
  const host = { git, objects, workRoot };
  const inLine = queues();
  /** Also over processes: git's own index lock would look like local edits. */
  const oneByOne = <T>(slug: string, work: () => Promise<T>): Promise<T> =>
    inLine(slug, () => withLock(join(workRoot, `${checkSlug(slug, 'product')}.lock`), work));

  function at(slug: string): GitAt & { workTree: string } {
    const workTree = join(root, checkSlug(slug, 'product'));
    return { gitDir: join(workTree, '.git'), workTree };
  }

  async function head(slug: string): Promise<string> {
    const commit = (await present(slug)) ? await resolveRef(git, at(slug), MAIN) : undefined;
    if (commit === undefined)
      throw new NoProduct('NO_PRODUCT', `there is no product ${slug}`, 'name a product of org.yaml');
    return commit;
  }

  async function present(slug: string): Promise<boolean> {
    return (await readdir(at(slug).workTree).catch((): string[] => [])).includes('.git');
  }

  async function create(product: Product, when: number): Promise<string> {
    const place = at(product.slug);
    const there = await readdir(place.workTree).catch((): string[] => []);
    if (there.length > 0 && !there.includes('.git')) {
      throw new NoProduct(
        'PRODUCT_FOLDER_TAKEN',
        `products/${product.slug} exists and is no git repository`,
        'move it away, or make it a repository with a branch main',
      );
    }
    await mkdir(root, { recursive: true });
    await git.init(place.workTree, 'main', false);
    for (const [name, text] of Object.entries({ 'README.md': readmeOf(product), '.gitignore': IGNORED })) {
      objects.know(text);
      await writeFile(join(place.workTree, name), text);
    }
    await git.run(place, ['add', '--verbose', '--', 'README.md', '.gitignore']);
    const tree = (await git.run(place, ['write-tree'])).out.trim();
    const message = firstMessageOf(product);
    const commit = await objects.commit(place, { tree, parents: [], message }, { author: harness, at: when });
    await moveRef(git, place, MAIN, commit, undefined);
    await setRef(git, place, SHOWN, commit);
    return commit;
  }

  /** Brings the work tree from one commit to another; false when that would lose local edits. */
  async function show(slug: string, from: string, to: string, dry: boolean): Promise<boolean> {
    const place = at(slug);
    try {
      await git.run(place, ['read-tree', ...(dry ? ['--dry-run'] : []), '-m', '-u', from, to]);
      return true;
    } catch (error) {
      if (error instanceof GitFailed) return false;
      throw error;
    }
  }

  /** True when the work tree can be brought from one commit to another and nothing is lost. */
  async function canShow(slug: string, from: string, to: string): Promise<boolean> {
    if (await show(slug, from, to, true)) return true;
    // Files that were only touched are no edits.
    await git.run(at(slug), ['update-index', '-q', '--refresh'], { codes: [1] });
    return show(slug, from, to, true);
  }

  /** True when the person has the default branch checked out, so that the files should follow it. */
  async function follows(slug: string): Promise<boolean> {
    const written = await readFile(join(at(slug).gitDir, 'HEAD'), 'utf8').catch(() => '');
    if (written === `ref: ${MAIN}\n`) return true;
    return (await git.run(at(slug), ['symbolic-ref', '--quiet', 'HEAD'], { codes: [1] })).out.trim() === MAIN;
  }

  /** After a crash between moving the branch and the files: the files follow now, unless a person has changed them. */
  async function catchUp(slug: string): Promise<void> {
    const [shown, main] = [await resolveRef(git, at(slug), SHOWN), await resolveRef(git, at(slug), MAIN)];
    if (shown === undefined || main === undefined || shown === main || !(await follows(slug))) return;
    if (await show(slug, shown, main, false)) await setRef(git, at(slug), SHOWN, main);
  }

  async function land(slug: string, onto: string, commit: string): Promise<boolean> {
    const place = at(slug);
    await catchUp(slug);
    const showing = await follows(slug);
    if (showing && !(await canShow(slug, onto, commit))) throw new LocalEdits(slug);
    if (!(await moveRef(git, place, MAIN, commit, onto))) return false;
    if (showing && (await show(slug, onto, commit, false))) await setRef(git, place, SHOWN, commit);
    return true;
  }

  async function inCopy<T>(
    fill: (dir: string, scratch: string) => Promise<void>,
    use: (dir: string) => Promise<T>,
  ): Promise<T> {
    await mkdir(workRoot, { recursive: true });
    const scratch = await mkdtemp(join(workRoot, 'run-'));
    try {
      const dir = join(scratch, 'tree');
      await mkdir(dir);
      await fill(dir, scratch);
      return await use(dir);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Gives a place for an index of its own, which is gone afterwards. */
  async function withIndex<T>(use: (index: string) => Promise<T>): Promise<T> {
    await mkdir(workRoot, { recursive: true });
    const scratch = await mkdtemp(join(workRoot, 'index-'));
    try {
      return await use(join(scratch, 'index'));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  const repos: ProductRepos = {
    async take(clone) {
      const place = at(clone.product);
      const branch = `refs/heads/${checkBranch(clone.branch)}`;
      const { at: from } = await openParts(workRoot, clone);
      await git.run(place, [
        'fetch',
        '--no-tags',
        '--no-recurse-submodules',
        '--no-write-fetch-head',
        '--no-auto-maintenance',
        '--update-head-ok',
        '--end-of-options',
        from.gitDir,
        `+${branch}:${branch}`,
      ]);
      const taken = checkCommit((await resolveRef(git, place, branch)) ?? '');
      await refuseSpecial(objects, place, clone.base, taken);
      return taken;
    },
    branchHead: (slug, branch) => resolveRef(git, at(slug), `refs/heads/${checkBranch(branch)}`),
    merge: (slug, onto, theirs) =>
      withIndex((index) => objects.merge(at(slug), { ours: checkCommit(onto), theirs: checkCommit(theirs) }, index)),
    write: (slug, tree, documents) =>
      withIndex((index) => objects.write(at(slug), checkCommit(tree), documents, index)),
    land: (slug, onto, tree, message, identity) =>
      oneByOne(slug, async () => {
        const commit = await objects.commit(at(slug), { tree, parents: [onto], message }, identity);
        return (await land(slug, onto, commit)) ? commit : undefined;
      }),
    async findMerge(slug, base, pull) {
      const range = { base: checkCommit(base), head: await head(slug) };
      return findByTrailer(git, at(slug), range, { key: 'Pull', value: String(pull) });
    },
    testTree: (slug, tree, argv, signal) =>
      inCopy(
        (dir, scratch) => exportTree(git, at(slug).gitDir, checkCommit(tree), dir, join(scratch, 'index')),
        (dir) => runTests(sandbox, dir, argv, limits, signal),
      ),
    async exportTo(slug, commit, dir) {
      await rm(dir, { recursive: true, force: true });
      await mkdir(dir, { recursive: true });
      await exportTree(git, at(slug).gitDir, checkCommit(commit), dir, `${dir}.index`);
      await rm(`${dir}.index`, { force: true });
    },
  };

  const products: LocalProducts = {
    repos,
    head,
    ensure: (product, when) =>
      oneByOne(product.slug, async () => {
        const known = (await present(product.slug)) ? await resolveRef(git, at(product.slug), MAIN) : undefined;
        if (known === undefined) return { created: true, head: await create(product, when) };
        await catchUp(product.slug);
        return { created: false, head: known };
      }),
    async read(slug, commit, path) {
      if (refusedPath(path) !== undefined) return undefined;
      const entry = (await objects.entries(at(slug), checkCommit(commit))).find((one) => one.path === path);
      return entry && objects.blob(at(slug), entry.id);
    },
    async changed(slug, to, from) {
      const base = from === undefined ? await objects.parent(at(slug), checkCommit(to)) : checkCommit(from);
      const before = base === undefined ? [] : await objects.entries(at(slug), base);
      return changedIn(before, await objects.entries(at(slug), checkCommit(to)));
    },
    async log(slug) {
      const format = '--format=%H%x09%an%x09%s';
      const { out } = await git.run(at(slug), ['log', '--first-parent', '--no-ext-diff', format, MAIN]);
      return out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [sha = '', author = '', subject = ''] = line.split('\t');
          return { sha, author, subject };
        });
    },
    async list(slug, commit) {
      return (await objects.entries(at(slug), checkCommit(commit))).map(({ path }) => path).sort();
    },
    async openClone(slug, task, branch, on) {
      const now = await head(slug);
      const { base, commit: from } = on ?? { base: now, commit: now };
      return makeClone(host, { product: slug, productGit: at(slug).gitDir, task, branch, base, from });
    },
    apply: (clone, files, draftedOn) => applyFiles(host, clone, files, draftedOn),
    async validate(clone, paths) {
      return validateFiles((await openParts(workRoot, clone)).tree, paths, options.env);
    },
    async test(clone, argv, signal) {
      const { tree } = await openParts(workRoot, clone);
      return inCopy(
        (dir) => cp(tree, dir, { recursive: true, verbatimSymlinks: true }),
        (dir) => runTests(sandbox, dir, argv, limits, signal),
      );
    },
    commit: (clone, info) => commitClone(host, clone, info),
    changes: (clone) => changesOf(host, clone),
    keep: async (clone) => ({ commit: await repos.take(clone), base: clone.base }),
    closeClone: (clone) => dropClone(partsOf(workRoot, clone.dir.split('/')[0] ?? '')),
    document: (slug, documents, info) => landDocuments(products, slug, documents, info),
  };
  return products;
}
