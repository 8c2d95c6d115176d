// Six ways to run code in the host through git, reproduced against worktrees and plain clones; here each is planted where
// foreign code can write, and the host then does everything it ever does with a clone.

import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { gitIn, plainSandbox, productsIn, START, scratch, shop, signal } from './fixture.ts';
import { PathRefused } from './paths.ts';
import type { Clone } from './tools.ts';

const sandbox = await plainSandbox();
let dir = '';
let tree = '';
let pwned = '';
let products = productsIn(scratch(), sandbox);
let clone: Clone = { dir: '', product: '', branch: '', base: '', from: '' };

beforeEach(async () => {
  dir = scratch();
  products = productsIn(dir, sandbox);
  await products.ensure(shop, START);
  clone = await products.openClone('shop', 'T1', 'agent/T1/evil');
  tree = join(dir, 'work', clone.dir);
  pwned = join(dir, 'PWNED');
  writeFileSync(join(dir, 'evil.sh'), `#!/bin/sh\ntouch ${pwned}\ncat\n`);
  chmodSync(join(dir, 'evil.sh'), 0o755);
});

/** All the host does with a clone: validate, test, commit, fetch, compare, merge, show. */
async function everything(): Promise<unknown> {
  try {
    await products.validate(clone, ['README.md']);
    await products.test(clone, ['true'], signal);
    await products.changes(clone);
    await products.commit(clone, { message: 'evil', author: 'backend-1', at: START });
    const head = await products.repos.take(clone);
    const onto = await products.head('shop');
    const merge = await products.repos.merge('shop', onto, head);
    if (merge.ok) await products.repos.land('shop', onto, merge.tree, 'Land it', { author: 'backend-1', at: START });
    await products.openClone('shop', 'T2', 'agent/T2/next');
    return undefined;
  } catch (error) {
    return error;
  } finally {
    expect(existsSync(pwned)).toBe(false);
  }
}

/** A repository of the attacker's, with everything in its configuration. */
function plant(place: string): void {
  const evil = join(dir, 'evil.sh');
  gitIn(dir, 'init', '-q', place);
  gitIn(place, 'config', 'core.fsmonitor', evil);
  gitIn(place, 'config', 'filter.evil.clean', evil);
  gitIn(place, 'config', 'filter.evil.smudge', evil);
  gitIn(place, 'config', 'diff.evil.textconv', evil);
  gitIn(place, 'config', 'core.pager', evil);
  for (const hook of ['post-checkout', 'pre-commit', 'post-index-change', 'reference-transaction', 'post-merge']) {
    mkdirSync(join(place, '.git/hooks'), { recursive: true });
    writeFileSync(join(place, '.git/hooks', hook), `#!/bin/sh\ntouch ${pwned}\n`, { mode: 0o755 });
  }
}

describe('nothing of theirs runs in the host', () => {
  test('1: hooks, 2: fsmonitor, in a repository left in the tree; it is refused', async () => {
    plant(join(tree, 'inner'));
    expect(await everything()).toBeInstanceOf(PathRefused);
  });

  test('3: a .git file that points at a repository of theirs; it is refused', async () => {
    plant(join(dir, 'theirs'));
    writeFileSync(join(tree, '.git'), `gitdir: ${join(dir, 'theirs/.git')}\n`);
    expect(await everything()).toBeInstanceOf(PathRefused);
  });

  test('3: the same as a whole .git folder at the root of the tree', async () => {
    plant(tree);
    expect(await everything()).toBeInstanceOf(PathRefused);
  });

  test('4: a bare repository among the files is data', async () => {
    const evil = join(dir, 'evil.sh');
    mkdirSync(join(tree, 'bare/objects'), { recursive: true });
    mkdirSync(join(tree, 'bare/refs'));
    writeFileSync(join(tree, 'bare/HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(tree, 'bare/config'), `[core]\n\tbare = true\n\tfsmonitor = ${evil}\n`);
    expect(await everything()).toBeUndefined();
  });

  test('5: attributes that name a filter, 6: and a textconv, reach no configuration of theirs', async () => {
    writeFileSync(join(tree, '.gitattributes'), '* filter=evil diff=evil merge=evil\n');
    writeFileSync(join(tree, '.gitconfig'), `[filter "evil"]\n\tclean = ${join(dir, 'evil.sh')}\n`);
    writeFileSync(join(tree, 'README.md'), 'changed');
    expect(await everything()).toBeUndefined();
    expect(gitIn(join(dir, 'products/shop'), 'log', '-1', '--format=%an %s')).toBe('backend-1 Land it');
  });

  test('submodules and links are no content', async () => {
    writeFileSync(join(tree, '.gitmodules'), `[submodule "x"]\n\tpath = x\n\turl = ext::${join(dir, 'evil.sh')}\n`);
    symlinkSync('/etc', join(tree, 'etc'));
    expect(await everything()).toBeInstanceOf(PathRefused);
  });
});

test('a commit with a link that got into the clone another way is not taken', async () => {
  symlinkSync('/etc/passwd', join(tree, 'passwd'));
  const gitDir = join(dir, 'work/T1/git');
  gitIn(dir, '--git-dir', gitDir, '--work-tree', tree, 'add', '-A');
  gitIn(dir, '--git-dir', gitDir, '--work-tree', tree, 'commit', '-q', '-m', 'link');
  await expect(products.repos.take(clone)).rejects.toBeInstanceOf(PathRefused);
});
