import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ProductFacts } from '../bus/product-facts.ts';
import { BundleRefused, bundleProduct, unbundleProduct } from './bundle.ts';
import { gitIn, plainSandbox, productsIn, START, scratch, shop } from './fixture.ts';
import { openGit } from './git.ts';

/** A product with a commit of a person and two merges. */
async function built() {
  const dir = scratch();
  const products = productsIn(dir, await plainSandbox());
  const repo = join(dir, 'products', 'shop');
  const { head: first } = await products.ensure(shop, START);
  const commit = (message: string, file: string) => {
    writeFileSync(join(repo, file), `${message}\n`);
    gitIn(repo, 'add', '.');
    gitIn(repo, 'commit', '-q', '-m', message);
    return gitIn(repo, 'rev-parse', 'HEAD');
  };
  const own = commit('by hand', 'notes.txt');
  const one = commit('One\n\nTask: T1\nPull: 1', 'one.js');
  const between = commit('by hand, too', 'more.txt');
  gitIn(repo, 'checkout', '-q', '-b', 'agent/T3/three');
  const branch = commit('Three', 'three.js');
  gitIn(repo, 'checkout', '-q', 'main');
  const two = commit('Two\n\nTask: T2\nPull: 2', 'two.js');
  const git = openGit({ home: join(dir, 'home'), env: process.env });
  return { dir, repo, git, commits: { first, own, one, between, branch, two } };
}

const facts = (more: Partial<ProductFacts>): ProductFacts => ({
  slug: 'shop',
  origin: undefined,
  merged: [],
  pulls: [],
  ...more,
});

describe('a bundle of a product', () => {
  test('becomes the repository it was, and bundles to the same bytes', async () => {
    const { dir, repo, git, commits } = await built();
    const all = facts({
      merged: [commits.one, commits.two],
      pulls: [
        { number: 2, branch: 'agent/T2/two', head: commits.two, status: 'merged' },
        { number: 3, branch: 'agent/T3/three', head: commits.branch, status: 'open' },
      ],
    });
    const bundle = await bundleProduct(git, repo, all, join(dir, 'scratch'));
    const root = join(dir, 'elsewhere');
    expect(await unbundleProduct(git, root, 'shop', bundle ?? Buffer.of())).toBe(commits.two);
    const copy = join(root, 'shop');
    expect(readFileSync(join(copy, 'two.js'), 'utf8')).toBe(readFileSync(join(repo, 'two.js'), 'utf8'));
    expect(gitIn(copy, 'status', '--porcelain')).toBe('');
    expect(gitIn(copy, 'rev-parse', 'agent/T3/three')).toBe(commits.branch);
    expect(gitIn(copy, 'rev-parse', 'refs/headcount/pull/2')).toBe(commits.two);
    gitIn(copy, 'repack', '-q', '-a', '-d');
    expect(
      Buffer.compare((await bundleProduct(git, copy, all, join(dir, 'scratch'))) ?? Buffer.of(), bundle ?? Buffer.of()),
    ).toBe(0);
  });

  test('ends before the first merge that its history does not know', async () => {
    const { dir, repo, git, commits } = await built();
    const headOf = async (more: Partial<ProductFacts>, name: string) => {
      const bundle = await bundleProduct(git, repo, facts(more), join(dir, 'scratch'));
      return unbundleProduct(git, join(dir, name), 'shop', bundle ?? Buffer.of());
    };
    expect(await headOf({ origin: commits.own, merged: [commits.one] }, 'a')).toBe(commits.between);
    expect(await headOf({ origin: commits.own }, 'b')).toBe(commits.own);
    expect(await headOf({ origin: commits.between, merged: [commits.two] }, 'c')).toBe(commits.two);
    expect(gitIn(repo, 'rev-parse', 'main')).toBe(commits.two);
  });

  test('is none where there is no repository, and is refused over something else or when it is none', async () => {
    const { dir, repo, git } = await built();
    expect(await bundleProduct(git, join(dir, 'nowhere'), facts({}), join(dir, 'scratch'))).toBeUndefined();
    const bundle = (await bundleProduct(git, repo, facts({}), join(dir, 'scratch'))) ?? Buffer.of();
    await expect(unbundleProduct(git, join(dir, 'products'), 'shop', bundle)).rejects.toThrow(BundleRefused);
    await expect(unbundleProduct(git, join(dir, 'new'), 'shop', bundle.subarray(0, 400))).rejects.toThrow(
      BundleRefused,
    );
  });
});
