// Product repositories in memory, for simulated companies: the same ports, the same ids, the same refusals as git's, and no
// process. The disk is handed in: it outlives the process that writes it.

import { isDocument } from '../../bus/documents.ts';
import { HeadcountError } from '../../bus/errors.ts';
import type { FileChange, Product } from '../../bus/records.ts';
import { Conflict, NoClone } from '../clone.ts';
import { landDocuments } from '../documents.ts';
import { harness } from '../git.ts';
import { checkBranch, checkCommit, checkSlug } from '../names.ts';
import { checkChanges, PathRefused, refusedPath } from '../paths.ts';
import { firstMessageOf, IGNORED, type LocalProducts, NoProduct, type ProductRepos, readmeOf } from '../products.ts';
import { changedIn } from '../repo.ts';
import type { Clone, Products, TestRun, Validation } from '../tools.ts';
import { checkSource, isPython } from '../validators.ts';
import { mergeFiles } from './merge.ts';
import { type Commit, type Files, makeCommit, treeId } from './objects.ts';

type Repository = { readonly branches: Map<string, string>; main: string };
type OpenClone = { readonly clone: Clone; head: string; files: Map<string, string> };

/** What is on the disk of a simulated machine. */
export type MemoryDisk = {
  readonly repositories: Map<string, Repository>;
  readonly commits: Map<string, Commit>;
  readonly trees: Map<string, Files>;
  /** By task. */
  readonly clones: Map<string, OpenClone>;
};

export function createDisk(): MemoryDisk {
  return { repositories: new Map(), commits: new Map(), trees: new Map(), clones: new Map() };
}

export type MemoryProductsOptions = {
  readonly disk: MemoryDisk;
  /** What a test command says of these files. */
  readonly test: (files: Files, argv: readonly string[]) => TestRun;
};

/** Something that git would refuse too, in a way no port speaks of. */
class NoObject extends HeadcountError {
  override readonly name = 'NoObject';
  constructor(id: string) {
    super('NO_OBJECT', `there is no commit or tree ${id.slice(0, 7)}`, 'look at the simulation, it named it');
  }
}

/** True for what the ignore file of every product names. */
function ignored(path: string): boolean {
  const names = path.split('/');
  return IGNORED.split('\n').some((rule) => {
    if (rule.endsWith('/')) return names.slice(0, -1).includes(rule.slice(0, -1));
    return rule.startsWith('*')
      ? names.some((name) => name.endsWith(rule.slice(1)))
      : rule !== '' && names.includes(rule);
  });
}

/** Results of the checkers by text: the same drafts come again in every run. */
const checked = new Map<string, Promise<Validation>>();
const REMEMBERED = 2_048;

function validation(path: string, text: string): Promise<Validation> {
  if (isPython(path)) return Promise.resolve({ findings: [], unchecked: [{ path, why: 'python does not run here' }] });
  const key = `${path}\0${text}`;
  const known = checked.get(key) ?? checkSource({ path, text });
  if (checked.size >= REMEMBERED) checked.clear();
  checked.set(key, known);
  return known;
}

function placed(files: Files, { path }: FileChange): boolean {
  for (const other of files.keys()) {
    if (other.startsWith(`${path}/`)) throw new PathRefused(path, 'it is a folder');
    if (path.startsWith(`${other}/`)) throw new PathRefused(path, 'one of its folders is a link or a file');
  }
  return files.has(path);
}

function documentsOf(files: Files): (readonly [string, string])[] {
  return [...files].filter(([path]) => isDocument(path));
}

export function openMemoryProducts({ disk, test }: MemoryProductsOptions): LocalProducts {
  const { repositories, commits, trees, clones } = disk;

  function repository(slug: string): Repository {
    const found = repositories.get(checkSlug(slug, 'product'));
    if (!found) throw new NoProduct('NO_PRODUCT', `there is no product ${slug}`, 'name a product of org.yaml');
    return found;
  }

  function commitAt(id: string): Commit {
    const found = commits.get(checkCommit(id));
    if (!found) throw new NoObject(id);
    return found;
  }

  function keep(commit: Commit): string {
    commits.set(commit.id, commit);
    trees.set(commit.tree, commit.files);
    return commit.id;
  }

  function filesAt(id: string): Files {
    const found = commits.get(checkCommit(id))?.files ?? trees.get(id);
    if (!found) throw new NoObject(id);
    return found;
  }

  function keepTree(files: Files): string {
    const tree = treeId(files);
    trees.set(tree, files);
    return tree;
  }

  function opened(clone: Clone): OpenClone {
    const found = clones.get(clone.dir.split('/')[0] ?? '');
    if (!found) throw new NoClone(clone);
    return found;
  }

  function* line(from: string): Generator<Commit> {
    for (let id: string | undefined = from; id !== undefined; ) {
      const commit: Commit = commitAt(id);
      yield commit;
      id = commit.parents[0];
    }
  }

  function baseOf(ours: string, theirs: string): Files {
    const known = new Set([...line(ours)].map(({ id }) => id));
    for (const commit of line(theirs)) if (known.has(commit.id)) return commit.files;
    return new Map();
  }

  const run = async (files: Files, argv: readonly string[], signal: AbortSignal): Promise<TestRun> => {
    signal.throwIfAborted();
    if (argv.length > 0) return test(files, argv);
    return { ok: false, outcome: 'missing', summary: 'the product has no test command', tail: '' };
  };

  const repos: ProductRepos = {
    async take(clone) {
      const { head } = opened(clone);
      repository(clone.product).branches.set(checkBranch(clone.branch), head);
      return head;
    },
    branchHead: async (slug, branch) => repository(slug).branches.get(checkBranch(branch)),
    async merge(slug, onto, head) {
      repository(slug);
      const mine = filesAt(onto);
      const without = (files: Files) => new Map([...files].filter(([path]) => !isDocument(path)));
      const merged = mergeFiles(without(baseOf(onto, head)), without(mine), without(filesAt(head)));
      if (!merged.ok) return merged;
      return { ok: true, tree: keepTree(new Map([...merged.files, ...documentsOf(mine)])) };
    },
    write: async (_, tree, documents) =>
      keepTree(new Map([...filesAt(tree), ...documents.map(({ path, content }) => [path, content] as const)])),
    async land(slug, onto, tree, message, identity) {
      const place = repository(slug);
      const commit = makeCommit({ files: filesAt(tree), parents: [onto], message }, identity);
      if (place.main !== onto) return undefined;
      place.main = keep(commit);
      return commit.id;
    },
    async findMerge(slug, base, pull) {
      for (const { id, message } of line(repository(slug).main)) {
        if (id === base) return undefined;
        if (message.split('\n').includes(`Pull: ${pull}`)) return id;
      }
      return undefined;
    },
    testTree: (_, tree, argv, signal) => run(filesAt(tree), argv, signal),
    exportTo: () => Promise.reject(new NoObject('nowhere on a disk')),
  };

  function create(product: Product, at: number): string {
    const files = new Map([
      ['.gitignore', IGNORED],
      ['README.md', readmeOf(product)],
    ]);
    const commit = makeCommit({ files, parents: [], message: firstMessageOf(product) }, { author: harness, at });
    repositories.set(checkSlug(product.slug, 'product'), { branches: new Map(), main: keep(commit) });
    return commit.id;
  }

  const products: Products = {
    async ensure(product, at) {
      const known = repositories.get(product.slug);
      return known ? { created: false, head: known.main } : { created: true, head: create(product, at) };
    },
    head: async (slug) => repository(slug).main,
    read: async (_, commit, path) => (refusedPath(path) === undefined ? filesAt(commit).get(path) : undefined),
    list: async (_, commit) => [...filesAt(commit).keys()].sort(),
    async changed(_, to, from) {
      const [parent] = from === undefined ? commitAt(to).parents : [from];
      const listed = (files: Files) => [...files].map(([path, id]) => ({ path, id, mode: '' }));
      return changedIn(parent === undefined ? [] : listed(filesAt(parent)), listed(filesAt(to)));
    },
    log: async (slug) =>
      [...line(repository(slug).main)].map(({ id, author, message }) => ({
        sha: id,
        author,
        subject: message.split('\n')[0] ?? '',
      })),
    async openClone(slug, task, branch, on) {
      const { main } = repository(slug);
      const { base, commit: from } = on ?? { base: main, commit: main };
      const clone = { dir: `${checkSlug(task, 'task')}/tree`, product: slug, branch: checkBranch(branch), base, from };
      clones.set(task, { clone, head: from, files: new Map(filesAt(from)) });
      return clone;
    },
    async apply(clone, files, draftedOn) {
      const open = opened(clone);
      checkChanges(files);
      const [seen, now] = [filesAt(draftedOn), filesAt(clone.from)];
      const brings = (file: FileChange) => ('content' in file ? file.content : undefined);
      const stale = files
        .filter((file) => seen.get(file.path) !== now.get(file.path) && now.get(file.path) !== brings(file))
        .map(({ path }) => path);
      if (stale.length > 0) throw new Conflict(stale.sort());
      const planned = files.map((file) => ({ file, exists: placed(open.files, file) }));
      const there = planned.filter(({ exists }) => exists).map(({ file }) => file.path);
      const gone = planned.filter(({ file, exists }) => exists && !('content' in file)).map(({ file }) => file.path);
      for (const file of files) {
        if ('content' in file) open.files.set(file.path, file.content);
        else open.files.delete(file.path);
      }
      return {
        written: files.flatMap((file) => ('content' in file ? [file.path] : [])),
        deleted: gone,
        backups: there.map((path) => `${clone.from.slice(0, 7)}/${path}`),
      };
    },
    async validate(clone, paths) {
      const { files } = opened(clone);
      const findings: Validation['findings'][number][] = [];
      const unchecked: Validation['unchecked'][number][] = [];
      for (const path of [...paths].sort()) {
        const text = files.get(path);
        if (text === undefined) continue;
        const found = await validation(path, text);
        findings.push(...found.findings);
        unchecked.push(...found.unchecked);
      }
      return { findings, unchecked };
    },
    test: async (clone, argv, signal) => run(opened(clone).files, argv, signal),
    async commit(clone, { message, author, at, look }) {
      const open = opened(clone);
      look?.(await products.changes(clone));
      const parent = commitAt(open.head);
      const files = new Map([...open.files].filter(([path]) => parent.files.has(path) || !ignored(path)));
      if (treeId(files) === parent.tree) return undefined;
      open.head = keep(makeCommit({ files, parents: [parent.id], message }, { author, at }));
      return open.head;
    },
    async changes(clone) {
      const [before, now] = [filesAt(clone.from), opened(clone).files];
      const paths = [...new Set([...before.keys(), ...now.keys()])].sort();
      return paths.flatMap((path): FileChange[] => {
        const content = now.get(path);
        if (content === before.get(path) || (content !== undefined && !before.has(path) && ignored(path))) return [];
        return [content === undefined ? { path, delete: true } : { path, content }];
      });
    },
    keep: async (clone) => ({ commit: await repos.take(clone), base: clone.base }),
    async closeClone(clone) {
      clones.delete(clone.dir.split('/')[0] ?? '');
    },
    document: (slug, documents, info) => landDocuments({ ...products, repos }, slug, documents, info),
  };
  return { ...products, repos };
}
