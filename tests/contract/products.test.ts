// Product repositories in memory behave as the real ones do, in what duties can see: ids, refusals, merges, history.

import { describe, expect, test } from 'vitest';
import { HeadcountError } from '../../bus/errors.ts';
import { plainSandbox, productsIn, START, scratch, shop, signal } from '../../tools/fixture.ts';
import { createDisk, openMemoryProducts } from '../../tools/memory/products.ts';
import type { LocalProducts } from '../../tools/products.ts';

const sandbox = await plainSandbox();
const passes = { ok: true, outcome: 'passed', summary: 'the test command passed', tail: '', code: 0 } as const;
const real = () => productsIn(scratch(), sandbox);
const inMemory = () => openMemoryProducts({ disk: createDisk(), test: () => passes });

const lines = (...texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');

/** What was given back, or the code of what was thrown. */
async function outcome(run: Promise<unknown>): Promise<unknown> {
  try {
    return await run;
  } catch (error) {
    return error instanceof HeadcountError ? [error.code, error.message] : error;
  }
}

type Change = Parameters<LocalProducts['apply']>[1];

/** One task's change, up to its branch in the product. */
async function take(products: LocalProducts, task: string, files: Change): Promise<unknown[]> {
  const head = await products.head('shop');
  const clone = await products.openClone('shop', task, `agent/${task}/change`);
  const info = { message: `Change by ${task}`, author: 'backend 1/ä', at: START + 60_000 };
  return [
    clone,
    await outcome(products.apply(clone, files, head)),
    await outcome(
      products.validate(
        clone,
        files.map(({ path }) => path),
      ),
    ),
    await outcome(products.commit(clone, info)),
    await outcome(products.repos.take(clone)),
    await products.repos.branchHead('shop', clone.branch),
  ];
}

async function land(products: LocalProducts, task: string, pull: number): Promise<unknown[]> {
  const onto = await products.head('shop');
  const head = (await products.repos.branchHead('shop', `agent/${task}/change`)) ?? '';
  const merge = await products.repos.merge('shop', onto, head);
  if (!merge.ok) return [merge];
  const identity = { author: 'backend', at: START + 120_000 };
  const landed = await products.repos.land('shop', onto, merge.tree, `Land\n\nPull: ${pull}`, identity);
  const late = await products.repos.land('shop', onto, merge.tree, `Late\n\nPull: ${pull}`, identity);
  const found = await products.repos.findMerge('shop', onto, pull);
  return [merge, landed, late, found, await products.repos.findMerge('shop', landed ?? onto, pull)];
}

async function story(products: LocalProducts): Promise<unknown[]> {
  const seen: unknown[] = [await outcome(products.head('shop'))];
  seen.push(await products.ensure(shop, START), await products.ensure(shop, START + 1));
  const first = await products.head('shop');
  const five = lines('one', 'two', 'three', 'four', 'five');
  const base: Change = [
    { path: 'src/list.txt', content: five },
    { path: 'src-list.txt', content: 'sorted between\n' },
    { path: 'broken.js', content: 'const = 1;\n' },
    { path: 'node_modules/x/index.js', content: 'ignored\n' },
    { path: 'debug.log', content: 'ignored\n' },
  ];
  seen.push(await take(products, 'T1', base), await land(products, 'T1', 1));
  const moved = await products.head('shop');
  // Three that start from the same commit: two meet cleanly, the third touches what the first did.
  const edits = { T2: five.replace('one', 'ONE'), T3: five.replace('five', 'FIVE'), T4: five.replace('one', 'uno') };
  for (const [task, content] of Object.entries(edits)) {
    seen.push(await take(products, task, [{ path: 'src/list.txt', content }]));
  }
  seen.push(await land(products, 'T2', 2), await land(products, 'T3', 3), await land(products, 'T4', 4));
  const clone = await products.openClone('shop', 'T5', 'agent/T5/change');
  const stale = [{ path: 'src/list.txt', content: 'mine\n' }];
  seen.push(
    await outcome(products.apply(clone, stale, moved)),
    await outcome(products.apply(clone, [{ path: 'src/list.txt', delete: true }], moved)),
    await outcome(products.apply(clone, [{ path: '../out', content: 'x' }], clone.base)),
    await outcome(products.apply(clone, [{ path: 'src', content: 'x' }], clone.base)),
    await outcome(products.apply(clone, [{ path: 'broken.js', delete: true }], clone.base)),
    await outcome(products.commit(clone, { message: 'Delete', author: 'qa', at: START })),
    await outcome(products.commit(clone, { message: 'Nothing', author: 'qa', at: START })),
    await outcome(products.test(clone, ['true'], signal)),
    await outcome(products.test(clone, [], signal)),
    await products.closeClone(clone),
    await outcome(products.commit(clone, { message: 'Gone', author: 'qa', at: START })),
    await outcome(products.openClone('shop', 'T6', 'main')),
  );
  const head = await products.head('shop');
  seen.push(await products.list('shop', head), await products.log('shop'));
  seen.push(await products.read('shop', head, 'src/list.txt'), await products.read('shop', first, 'src/list.txt'));
  return seen;
}

/** Half of a change is kept; somebody goes on with it after the default branch has moved. */
async function handedOn(products: LocalProducts): Promise<unknown[]> {
  const at = { author: 'backend', at: START + 60_000 };
  await products.ensure(shop, START);
  const half = await products.openClone('shop', 'T1', 'agent/T1/half');
  await products.apply(
    half,
    [
      { path: 'half.txt', content: 'half\n' },
      { path: 'gone.txt', content: 'x\n' },
    ],
    half.from,
  );
  const seen: unknown[] = [await products.changes(half)];
  await products.commit(half, { message: 'Half of it', ...at });
  const kept = await products.keep(half);
  await products.closeClone(half);
  await take(products, 'T2', [{ path: 'other.txt', content: 'other\n' }]);
  await land(products, 'T2', 2);
  const rest = await products.openClone('shop', 'T1-1', 'agent/T1-1/rest', kept);
  seen.push(kept, rest, await outcome(products.commit(rest, { message: 'Nothing new', ...at })));
  await products.apply(
    rest,
    [
      { path: 'rest.txt', content: 'rest\n' },
      { path: 'half.txt', content: 'whole\n' },
      { path: 'gone.txt', delete: true },
    ],
    kept.commit,
  );
  seen.push(await products.changes(rest), await products.commit(rest, { message: 'The rest', ...at }));
  const whole = await products.repos.take(rest);
  const merge = await products.repos.merge('shop', await products.head('shop'), whole);
  return [...seen, whole, merge, await products.list('shop', whole), await products.read('shop', whole, 'half.txt')];
}

/** Files that the harness writes, and a branch that does something to each of them. */
async function documented(products: LocalProducts): Promise<unknown[]> {
  await products.ensure(shop, START);
  const onto = await products.head('shop');
  const identity = { author: 'harness', at: START + 60_000 };
  const landing = async (files: Parameters<typeof products.repos.write>[2], message: string) => {
    const head = await products.head('shop');
    const tree = await products.repos.write('shop', head, files);
    return [tree, await products.repos.land('shop', head, tree, message, identity)];
  };
  const seen: unknown[] = [
    await landing(
      [
        { path: 'CODEBASE.md', content: '# One\n' },
        { path: 'docs/decisions/0001-a.md', content: '# 1\n' },
        { path: 'docs/decisions/0002-b.md', content: '# 2\n' },
      ],
      'Write',
    ),
  ];
  const theirs: Change = [
    { path: 'CODEBASE.md', content: '# Mine\n' },
    { path: 'docs/decisions/0001-a.md', delete: true },
    { path: 'docs/decisions/0003-mine.md', content: '# 3\n' },
    { path: 'src/work.txt', content: 'work\n' },
  ];
  seen.push(await take(products, 'T1', theirs));
  seen.push(await landing([{ path: 'CODEBASE.md', content: '# Two\n' }], 'Write again'));
  seen.push(await land(products, 'T1', 1));
  const head = await products.head('shop');
  seen.push(await products.changed('shop', head), await products.changed('shop', head, onto));
  const report = [{ path: 'docs/finance/2026-W02.md', content: '# Week\n' }];
  const filed = await products.document('shop', report, { message: 'Finance', author: 'finance', at: START + 180_000 });
  const again = await products.document('shop', report, { message: 'Finance', author: 'finance', at: START + 240_000 });
  seen.push(filed, again === filed && again === (await products.head('shop')), await products.changed('shop', filed));
  return [...seen, await products.read('shop', head, 'CODEBASE.md'), await products.list('shop', head)];
}

/** Two authors who saw the same commit bring the same; the second one a file of its own as well. */
async function alike(products: LocalProducts): Promise<unknown[]> {
  await products.ensure(shop, START);
  const seen = await products.head('shop');
  const same: Change = [
    { path: 'a.txt', content: 'ä\n' },
    { path: 'README.md', delete: true },
  ];
  await take(products, 'T1', same);
  await land(products, 'T1', 1);
  const clone = await products.openClone('shop', 'T2', 'agent/T2/change');
  const info = { message: 'The rest', author: 'backend', at: START + 60_000 };
  return [
    await outcome(products.apply(clone, [{ path: 'a.txt', content: 'ä' }, ...same.slice(1)], seen)),
    await outcome(products.apply(clone, [...same, { path: 'b.txt', content: 'b\n' }], seen)),
    await products.changes(clone),
    await products.commit(clone, info),
  ];
}

/** Somebody looks at what is about to be committed, and may refuse it. */
async function lookedAt(products: LocalProducts): Promise<unknown[]> {
  const { head } = await products.ensure(shop, START);
  const clone = await products.openClone('shop', 'T1', 'agent/T1/change');
  await products.apply(clone, [{ path: 'a.txt', content: 'a\n' }], head);
  const info = { message: 'Add a', author: 'backend', at: START + 60_000 };
  const seen: unknown[] = [];
  const refuse = () => {
    throw new HeadcountError('NO', 'not this', 'something else');
  };
  return [
    await outcome(products.commit(clone, { ...info, look: refuse })),
    await products.repos.take(clone),
    await products.commit(clone, { ...info, look: (changes) => seen.push(changes) }),
    await products.commit(clone, { ...info, look: (changes) => seen.push(changes) }),
    seen,
  ];
}

describe('product repositories', () => {
  test('show all that a clone changes before it is committed, and commit nothing that is refused', async () => {
    const seen = await lookedAt(real());
    expect(await lookedAt(inMemory())).toEqual(seen);
    const [refused, head, made, again, looks] = seen;
    const changes = [{ path: 'a.txt', content: 'a\n' }];
    expect([refused, again, looks]).toEqual([['NO', expect.anything()], undefined, [changes, changes]]);
    expect(made).not.toBe(head);
  });

  test('take for no conflict what the default branch has by now in the very same letters', async () => {
    const seen = await alike(real());
    expect(await alike(inMemory())).toEqual(seen);
    expect(seen).toMatchObject([
      ['CONFLICT', expect.stringMatching(/^a\.txt changed/)],
      { written: ['a.txt', 'b.txt'], deleted: [] },
      [{ path: 'b.txt', content: 'b\n' }],
      expect.stringMatching(/^[0-9a-f]{40}$/),
    ]);
  });

  test('keep the files of the harness as they are whatever a branch does to them, and never conflict in them', async () => {
    const seen = await documented(real());
    expect(await documented(inMemory())).toEqual(seen);
    expect(seen.slice(-4, -2)).toEqual([true, [{ path: 'docs/finance/2026-W02.md', kind: 'added' }]]);
    expect([...seen.slice(-7, -5), ...seen.slice(-2)]).toEqual([
      [{ path: 'src/work.txt', kind: 'added' }],
      [
        { path: 'CODEBASE.md', kind: 'added' },
        { path: 'docs/decisions/0001-a.md', kind: 'added' },
        { path: 'docs/decisions/0002-b.md', kind: 'added' },
        { path: 'src/work.txt', kind: 'added' },
      ],
      '# Two\n',
      [
        '.gitignore',
        'CODEBASE.md',
        'README.md',
        'docs/decisions/0001-a.md',
        'docs/decisions/0002-b.md',
        'src/work.txt',
      ],
    ]);
  });

  test('in memory keep work that is handed on as git does: nothing of it is lost, nothing is reset', async () => {
    const seen = await handedOn(real());
    expect(await handedOn(inMemory())).toEqual(seen);
    expect(seen[0]).toMatchObject([{ path: 'gone.txt' }, { path: 'half.txt', content: 'half\n' }]);
    expect(seen[7]).toMatchObject({ ok: true });
    expect(seen.slice(-2)).toEqual([['.gitignore', 'README.md', 'half.txt', 'rest.txt'], 'whole\n']);
  });

  test('in memory give what git gives, ids included', async () => {
    expect(await story(inMemory())).toEqual(await story(real()));
  });
});
