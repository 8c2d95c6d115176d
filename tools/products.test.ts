import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Conflict, NoClone } from './clone.ts';
import { gitIn, plainSandbox, productsIn, START, scratch, shop } from './fixture.ts';
import type { LocalProducts } from './products.ts';
import { LocalEdits, NoProduct } from './products.ts';

const sandbox = await plainSandbox();

function room(): { dir: string; repo: string; products: LocalProducts } {
  const dir = scratch();
  return { dir, repo: join(dir, 'products/shop'), products: productsIn(dir, sandbox) };
}

const info = { message: 'Add a greeting', author: 'backend-1', at: START + 60_000 };

async function landed(products: LocalProducts, head: string, branch = 'agent/T1/greet'): Promise<string | undefined> {
  const onto = await products.head('shop');
  const merge = await products.repos.merge('shop', onto, head);
  if (!merge.ok) throw new Error(`conflict on ${branch}`);
  return products.repos.land('shop', onto, merge.tree, 'Land it\n\nPull: 1', { author: 'backend-1', at: START });
}

describe('a product', () => {
  test('is an ordinary repository with one commit, made once', async () => {
    const { products, repo } = room();
    const first = await products.ensure(shop, START);
    expect(first.created).toBe(true);
    expect(await products.ensure(shop, START + 1)).toEqual({ created: false, head: first.head });
    expect(await products.list('shop', first.head)).toEqual(['.gitignore', 'README.md']);
    expect(await products.read('shop', first.head, 'README.md')).toBe('# Shop\n\nSells things.\n');
    expect(await products.read('shop', first.head, 'nothing.md')).toBeUndefined();
    expect(gitIn(repo, 'status', '--porcelain', '--branch')).toBe('## main');
    expect(gitIn(repo, 'log', '--format=%an <%ae> %aI')).toBe(
      'harness <harness@headcount.local> 2026-01-05T08:00:00+00:00',
    );
  });

  test('refuses a folder that is no repository, and names it has not', async () => {
    const { products, repo, dir } = room();
    await products.ensure({ ...shop, slug: 'other' }, START);
    await expect(products.head('shop')).rejects.toBeInstanceOf(NoProduct);
    await expect(products.head('../shop')).rejects.toMatchObject({ code: 'NAME_REFUSED' });
    gitIn(dir, 'init', '-q', join(dir, 'elsewhere'));
    writeFileSync(join(dir, 'products/other/note.txt'), 'mine');
    expect(existsSync(repo)).toBe(false);
  });

  test('gets the same commit ids for the same work', async () => {
    const ids = await Promise.all(
      [room(), room()].map(async ({ products }) => {
        const { head } = await products.ensure(shop, START);
        const clone = await products.openClone('shop', 'T1', 'agent/T1/greet');
        await products.apply(clone, [{ path: 'src/hello.js', content: 'export const hello = 1;\r\n' }], head);
        return [head, await products.commit(clone, info)];
      }),
    );
    expect(ids[0]).toEqual(ids[1]);
    expect(ids[0]?.[1]).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('a clone', () => {
  test('starts clean, keeps backups, and names no folder of this machine', async () => {
    const { products, dir } = room();
    const { head } = await products.ensure(shop, START);
    const clone = await products.openClone('shop', 'T1', 'agent/T1/greet');
    expect(clone).toEqual({ dir: 'T1/tree', product: 'shop', branch: 'agent/T1/greet', base: head, from: head });
    const applied = await products.apply(
      clone,
      [
        { path: 'README.md', content: 'new' },
        { path: 'a/b/c.txt', content: 'c' },
        { path: '.gitignore', delete: true },
        { path: 'absent.txt', delete: true },
      ],
      head,
    );
    const kept = head.slice(0, 7);
    expect(applied).toEqual({
      written: ['README.md', 'a/b/c.txt'],
      deleted: ['.gitignore'],
      backups: [`${kept}/README.md`, `${kept}/.gitignore`],
    });
    expect(readFileSync(join(dir, 'work/T1/backups', kept, 'README.md'), 'utf8')).toBe('# Shop\n\nSells things.\n');
    await products.openClone('shop', 'T1', 'agent/T1/greet');
    expect(readFileSync(join(dir, 'work/T1/tree/README.md'), 'utf8')).toBe('# Shop\n\nSells things.\n');
    expect(existsSync(join(dir, 'work/T1/tree/a'))).toBe(false);
    await products.closeClone(clone);
    expect(existsSync(join(dir, 'work/T1/tree'))).toBe(false);
    await expect(products.commit(clone, info)).rejects.toBeInstanceOf(NoClone);
  });

  test('commits nothing when nothing changed, and says who wrote what did', async () => {
    const { products, dir } = room();
    const { head } = await products.ensure(shop, START);
    const clone = await products.openClone('shop', 'T1', 'agent/T1/greet');
    expect(await products.commit(clone, info)).toBeUndefined();
    await products.apply(clone, [{ path: 'a.txt', content: 'a' }], head);
    const commit = (await products.commit(clone, info)) ?? '';
    expect(gitIn(dir, '--git-dir', 'work/T1/git', 'log', '-1', '--format=%an|%cn|%s|%P', commit)).toBe(
      `backend-1|harness|Add a greeting|${head}`,
    );
  });

  test('refuses a file that changed since its author read it, and writes none of the others', async () => {
    const { products, dir } = room();
    const { head } = await products.ensure(shop, START);
    const first = await products.openClone('shop', 'T1', 'agent/T1/greet');
    await products.apply(first, [{ path: 'README.md', content: 'moved on' }], head);
    await products.commit(first, info);
    await landed(products, await products.repos.take(first));
    const second = await products.openClone('shop', 'T2', 'agent/T2/greet');
    const files = [
      { path: 'fresh.txt', content: 'f' },
      { path: 'README.md', content: 'mine' },
    ];
    const refused = await products.apply(second, files, head).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Conflict);
    expect(refused).toMatchObject({ paths: ['README.md'] });
    expect(existsSync(join(dir, 'work/T2/tree/fresh.txt'))).toBe(false);
    await products.apply(second, files.slice(0, 1), head);
  });
});

test('every clone is the repository that git would make', async () => {
  const { products, dir } = room();
  await products.ensure(shop, START);
  const made = [];
  for (const task of ['T1', 'T2']) {
    await products.openClone('shop', task, `agent/${task}/greet`);
    const at = join(dir, 'work', task, 'git');
    const files = readdirSync(at, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll(task, 'T'));
    const read = (...names: string[]) =>
      names.map((name) => readFileSync(join(at, name), 'utf8').replaceAll(task, 'T'));
    made.push([files.sort(), read('HEAD', 'config', 'objects/info/alternates', `refs/heads/agent/${task}/greet`)]);
    expect(gitIn(dir, '--git-dir', at, 'fsck', '--strict')).toBe('');
    expect(gitIn(dir, '--git-dir', at, 'log', '--format=%D')).toBe(`HEAD -> agent/${task}/greet`);
    expect(gitIn(dir, '--git-dir', at, '--work-tree', join(dir, 'work', task, 'tree'), 'status', '--short')).toBe('');
  }
  expect(made[1]).toEqual(made[0]);
});

describe('a merge', () => {
  async function ready() {
    const made = room();
    const { head } = await made.products.ensure(shop, START);
    const clone = await made.products.openClone('shop', 'T1', 'agent/T1/greet');
    await made.products.apply(
      clone,
      [
        { path: 'hello.txt', content: 'hello' },
        { path: 'README.md', content: 'new' },
      ],
      head,
    );
    await made.products.commit(clone, info);
    return { ...made, base: head, head: await made.products.repos.take(clone) };
  }

  test("brings the person's work tree along", async () => {
    const { products, repo, head } = await ready();
    writeFileSync(join(repo, 'notes.txt'), 'mine');
    await landed(products, head);
    expect(readFileSync(join(repo, 'hello.txt'), 'utf8')).toBe('hello');
    expect(gitIn(repo, 'status', '--porcelain')).toBe('?? notes.txt');
  });

  test('never overwrites local edits: it is refused, and main stays', async () => {
    const { products, repo, head, base } = await ready();
    writeFileSync(join(repo, 'README.md'), 'edited by hand');
    await expect(landed(products, head)).rejects.toBeInstanceOf(LocalEdits);
    expect(await products.head('shop')).toBe(base);
    expect(readFileSync(join(repo, 'README.md'), 'utf8')).toBe('edited by hand');
    gitIn(repo, 'checkout', '-q', 'README.md');
    writeFileSync(join(repo, 'hello.txt'), 'untracked, in the way');
    await expect(landed(products, head)).rejects.toBeInstanceOf(LocalEdits);
    expect(readFileSync(join(repo, 'hello.txt'), 'utf8')).toBe('untracked, in the way');
  });

  test('takes a file that was only touched for no edit', async () => {
    const { products, repo, head } = await ready();
    utimesSync(join(repo, 'README.md'), 1, 1);
    expect(await landed(products, head)).toBeDefined();
    expect(readFileSync(join(repo, 'README.md'), 'utf8')).toBe('new');
    expect(gitIn(repo, 'status', '--porcelain')).toBe('');
  });

  test('leaves the files alone while the person has another branch checked out', async () => {
    const { products, repo, head } = await ready();
    gitIn(repo, 'switch', '-q', '-c', 'mine');
    expect(await landed(products, head)).toBeDefined();
    expect(existsSync(join(repo, 'hello.txt'))).toBe(false);
    expect(gitIn(repo, 'status', '--porcelain')).toBe('');
  });

  test('is refused when main moved since it was prepared', async () => {
    const { products, repo, head, base } = await ready();
    const merge = await products.repos.merge('shop', base, head);
    gitIn(repo, 'commit', '-q', '--allow-empty', '-m', 'by hand');
    if (!merge.ok) throw new Error('conflict');
    const identity = { author: 'backend-1', at: START };
    expect(await products.repos.land('shop', base, merge.tree, 'late', identity)).toBeUndefined();
    expect(gitIn(repo, 'log', '-1', '--format=%s')).toBe('by hand');
  });

  test('after a crash between branch and files, the files follow', async () => {
    const { products, repo, head, dir } = await ready();
    await landed(products, head);
    const main = await products.head('shop');
    // As if the host had died right after the branch moved.
    gitIn(repo, 'reset', '-q', '--hard', 'HEAD~1');
    gitIn(repo, 'update-ref', 'refs/headcount/shown', 'HEAD');
    gitIn(repo, 'update-ref', 'refs/heads/main', main);
    await productsIn(dir, sandbox).ensure(shop, START);
    expect(gitIn(repo, 'status', '--porcelain')).toBe('');
    expect(readFileSync(join(repo, 'hello.txt'), 'utf8')).toBe('hello');
  });
});
