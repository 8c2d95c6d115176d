import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RealClock } from '../../bus/clock.ts';
import { MemoryBus } from '../../bus/memory.ts';
import type { Pull } from '../../bus/records.ts';
import { gitIn, plainSandbox, productsIn, START, scratch, shop, signal } from '../fixture.ts';
import { LocalEdits } from '../products.ts';
import { openLocalForge } from './local.ts';
import { HeadMoved, MergeRefused, ReviewRefused } from './refusals.ts';

const sandbox = await plainSandbox();
const info = { message: 'Add a greeting\n\nPull: 99', author: 'backend-1', at: START + 60_000 };
const pass = ['node', '-e', ''];

async function room() {
  const dir = scratch();
  const bus = new MemoryBus('acme', new RealClock());
  const products = productsIn(dir, sandbox);
  await products.ensure(shop, START);
  return { dir, repo: join(dir, 'products/shop'), bus, products, forge: openLocalForge({ bus, products }) };
}

type Room = Awaited<ReturnType<typeof room>>;

/** Writes a file on a branch of its own and opens a pull request. */
async function propose({ products, forge }: Room, task: string, path: string, content: string): Promise<Pull> {
  const clone = await products.openClone('shop', task, `agent/${task}/work`);
  await products.apply(clone, [{ path, content }], clone.base);
  const head = await products.commit(clone, { message: 'wip', author: 'backend-1', at: START });
  return forge.open({
    clone,
    head: head ?? '',
    title: `${task} title`,
    task,
    author: 'backend-1',
    authorRole: 'backend',
  });
}

const verdict = (pull: Pull, by = 'qa-1', role = 'qa', given: 'approve' | 'reject' = 'approve') => ({
  by,
  role,
  head: pull.head,
  verdict: given,
  notes: [],
});

async function ready(here: Room, pull: Pull): Promise<Pull> {
  await here.forge.check(pull, pass, signal);
  return here.forge.review(pull, verdict(pull));
}

test('a pull request goes from open to merged, and the stream tells it', async () => {
  const here = await room();
  const pull = await propose(here, 'T1', 'hello.txt', 'hello');
  expect(pull).toMatchObject({ number: 1, status: 'open', branch: 'agent/T1/work', author: 'backend-1' });
  await here.forge.check(pull, ['node', '-e', "require('fs').readFileSync('hello.txt')"], signal);
  await here.forge.review(pull, verdict(pull));
  const merged = await here.forge.merge(pull, info);
  expect(merged).toMatchObject({ status: 'merged', merged: await here.products.head('shop') });
  expect(gitIn(here.repo, 'log', '-1', '--format=%an <%ae>|%cn|%B')).toBe(
    'backend-1 <backend-1@headcount.local>|harness|Add a greeting\n\nTask: T1\nAgent: backend-1\nPull: 1',
  );
  expect(gitIn(here.repo, 'status', '--porcelain')).toBe('');
  const ids = [];
  for await (const { message } of here.bus.replay({ filter: 'forge.pull.*' })) ids.push(message.id);
  expect(ids).toEqual([
    'pull.1.opened',
    'pull.1.checked.1',
    `pull.1.reviewed.${pull.head.slice(0, 7)}.qa-1`,
    'pull.1.merged',
  ]);
});

test('opening is idempotent by branch and head, without the clone; a new head is a new pull request', async () => {
  const here = await room();
  const pull = await propose(here, 'T1', 'hello.txt', 'hello');
  const clone = { dir: 'T1/tree', product: 'shop', branch: pull.branch, base: pull.base, from: pull.base };
  await here.products.closeClone(clone);
  const request = { clone, head: pull.head, title: 'x', task: 'T1', author: 'backend-1', authorRole: 'backend' };
  expect(await here.forge.open(request)).toEqual(pull);
  // Another process, which knows nothing yet.
  expect(await openLocalForge(here).open(request)).toEqual(pull);
  const second = await propose(here, 'T1', 'hello.txt', 'hello again');
  expect(second.number).toBe(2);
  expect(await here.forge.get(1)).toMatchObject({ status: 'closed' });
  await expect(ready(here, pull)).rejects.toMatchObject({ reason: 'closed' });
});

test('numbers are given once, however many processes open pull requests', async () => {
  const here = await room();
  const forges = [openLocalForge(here), openLocalForge(here), openLocalForge(here)];
  const pulls = await Promise.all(
    forges.map((forge, index) => propose({ ...here, forge }, `T${index}`, `f${index}`, 'x')),
  );
  expect(pulls.map(({ number }) => number).sort()).toEqual([1, 2, 3]);
});

test('a head that is not what was committed last is refused', async () => {
  const here = await room();
  const clone = await here.products.openClone('shop', 'T1', 'agent/T1/work');
  const request = { clone, title: 'x', task: 'T1', author: 'backend-1', authorRole: 'backend' };
  await expect(here.forge.open({ ...request, head: 'a'.repeat(40) })).rejects.toBeInstanceOf(HeadMoved);
});

test('neither the author, nor its role, nor a look at another head counts as a review', async () => {
  const here = await room();
  const pull = await propose(here, 'T1', 'hello.txt', 'hello');
  const refused: [string, Pull['reviews'][number]][] = [
    ['author', verdict(pull, 'backend-1', 'qa')],
    ['role', verdict(pull, 'backend-2', 'backend')],
    ['head', { ...verdict(pull), head: 'b'.repeat(40) }],
  ];
  for (const [reason, review] of refused) {
    const error = await here.forge.review(pull, review).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ReviewRefused);
    expect(error).toMatchObject({ reason });
  }
  await here.forge.review(pull, verdict(pull));
  expect((await here.forge.review(pull, verdict(pull))).reviews).toHaveLength(1);
});

test('only what was checked and approved at this head is merged', async () => {
  const here = await room();
  const pull = await propose(here, 'T1', 'hello.txt', 'hello');
  await expect(here.forge.merge(pull, info)).rejects.toMatchObject({ reason: 'unchecked' });
  const failed = await here.forge.check(pull, ['node', '-e', 'process.exit(1)'], signal);
  expect(failed.checks).toEqual([
    {
      head: pull.head,
      onto: gitIn(here.repo, 'rev-parse', 'main'),
      ok: false,
      summary: 'the test command ended with code 1: it said nothing',
    },
  ]);
  await expect(here.forge.merge(pull, info)).rejects.toMatchObject({ reason: 'unchecked' });
  await here.forge.check(pull, pass, signal);
  await expect(here.forge.merge(pull, info)).rejects.toMatchObject({ reason: 'unreviewed' });
  await here.forge.review(pull, verdict(pull, 'cto', 'cto', 'reject'));
  await here.forge.review(pull, verdict(pull));
  await expect(here.forge.merge(pull, info)).rejects.toMatchObject({ reason: 'unreviewed' });
  await here.forge.close(pull);
  await expect(here.forge.merge(pull, info)).rejects.toMatchObject({ reason: 'closed' });
});

test('a branch that moved after the approval is not merged', async () => {
  const here = await room();
  const pull = await ready(here, await propose(here, 'T1', 'hello.txt', 'hello'));
  gitIn(here.repo, 'update-ref', `refs/heads/${pull.branch}`, 'main');
  const error = await here.forge.merge(pull, info).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(MergeRefused);
  expect(error).toMatchObject({ reason: 'moved' });
  await expect(here.forge.merge({ ...pull, head: pull.base }, info)).rejects.toMatchObject({ reason: 'moved' });
});

test('a conflict is a failed check and a refused merge that names the file', async () => {
  const here = await room();
  const first = await propose(here, 'T1', 'same.txt', 'one');
  const second = await propose(here, 'T2', 'same.txt', 'two');
  await ready(here, second);
  await here.forge.merge(await ready(here, first), info);
  const merge = here.forge.merge(second, info);
  await expect(merge).rejects.toMatchObject({ reason: 'conflict' });
  await expect(merge).rejects.toThrow('same.txt');
  const checked = await here.forge.check(second, pass, signal);
  expect(checked.checks.at(-1)).toMatchObject({ ok: false, summary: 'it conflicts with main in same.txt' });
});

test('what was checked on another main is not merged: it is checked again first', async () => {
  const here = await room();
  const pull = await ready(here, await propose(here, 'T1', 'hello.txt', 'hello'));
  gitIn(here.repo, 'commit', '-q', '--allow-empty', '-m', 'by hand');
  const merge = here.forge.merge(pull, info);
  await expect(merge).rejects.toMatchObject({ reason: 'unchecked' });
  await expect(merge).rejects.toThrow(/it was checked on main at \w{7}, and main is at \w{7} now/);
  await here.forge.check(pull, pass, signal);
  expect(await here.forge.merge(pull, info)).toMatchObject({ status: 'merged' });
  expect(gitIn(here.repo, 'log', '--format=%s')).toBe('Add a greeting\nby hand\nStart Shop');
});

test('main moving under a merge refuses it: nobody has checked it on the new one', async () => {
  const here = await room();
  const pull = await ready(here, await propose(here, 'T1', 'hello.txt', 'hello'));
  const { repos } = here.products;
  let moved = false;
  const land: typeof repos.land = (...args) => {
    if (!moved) gitIn(here.repo, 'commit', '-q', '--allow-empty', '-m', 'by hand');
    moved = true;
    return repos.land(...args);
  };
  const forge = openLocalForge({ bus: here.bus, products: { ...here.products, repos: { ...repos, land } } });
  await expect(forge.merge(pull, info)).rejects.toMatchObject({ reason: 'unchecked' });
  expect(gitIn(here.repo, 'log', '--format=%s')).toBe('by hand\nStart Shop');
});

test('a merge that was made but not recorded is found again, not made twice', async () => {
  const here = await room();
  const pull = await ready(here, await propose(here, 'T1', 'hello.txt', 'hello'));
  const { products } = here;
  const onto = await products.head('shop');
  const merge = await products.repos.merge('shop', onto, pull.head);
  if (!merge.ok) throw new Error('conflict');
  const identity = { author: 'backend-1', at: START };
  const made = await products.repos.land('shop', onto, merge.tree, 'Add it\n\nTask: T1\nPull: 1', identity);
  expect(await here.forge.merge(pull, info)).toMatchObject({ status: 'merged', merged: made });
  expect(await here.forge.merge(pull, info)).toMatchObject({ merged: made });
  expect(await products.head('shop')).toBe(made);
});

test("a person's edits in the way stop the merge until they are committed", async () => {
  const here = await room();
  const pull = await ready(here, await propose(here, 'T1', 'README.md', 'new'));
  gitIn(here.repo, 'rm', '-q', '--cached', 'README.md');
  await expect(here.forge.merge(pull, info)).rejects.toBeInstanceOf(LocalEdits);
  gitIn(here.repo, 'reset', '-q');
  expect(await here.forge.merge(pull, info)).toMatchObject({ status: 'merged' });
});
