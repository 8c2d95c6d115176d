// A merge while others merge: real git, and somebody who commits at the worst moment.

import { writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Product } from '../../bus/records.ts';
import { gitIn, plainSandbox, productsIn, scratch } from '../../tools/fixture.ts';
import { openLocalForge } from '../../tools/forge/local.ts';
import type { TaskWork } from '../duty.ts';
import { noDeployer, noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';
import { type Office, openOffice, orgWith, planned, tick } from './fixture.ts';
import { review } from './review.ts';
import { writeCode } from './write-code.ts';

const shop: Product = {
  slug: 'shop',
  name: 'Shop',
  description: 'Sells things.',
  stack: [],
  test: ['node', '--test'],
  start: undefined,
  health: [],
};

const draft = {
  summary: 'adds numbers',
  files: [
    { path: 'package.json', content: '{ "type": "module" }\n' },
    { path: 'add.test.js', content: "import test from 'node:test';\ntest('adds', () => {});\n" },
  ],
};

const sandbox = await plainSandbox();
let dir: string;
let office: Office;
/** What others do to the default branch just before a merge lands on it, one thing a try. */
let meanwhile: (() => void)[];

beforeEach(async () => {
  dir = scratch();
  meanwhile = [];
  const products = productsIn(dir, sandbox);
  const land: typeof products.repos.land = (...args) => {
    meanwhile.shift()?.();
    return products.repos.land(...args);
  };
  const forged = { ...products, repos: { ...products.repos, land } };
  office = await openOffice({
    org: orgWith([shop]),
    tools: (bus) => ({
      ...noTools,
      products,
      forge: openLocalForge({ bus, products: forged }),
      deployer: noDeployer,
    }),
  });
  const tasks = [planned('add', { title: 'Add numbers' })];
  await fileTasks(await office.jobWork(tick('setup'), 'cto'), tasks, { prefix: 'D1', product: 'shop' });
});

async function failureOf(run: Promise<unknown>) {
  return run.then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'failure' in error ? error.failure : error),
  );
}

describe('a merge while others merge', () => {
  async function approvedWork() {
    office.answers.write = [draft];
    const work = await office.taskWork('T1', 'backend');
    await writeCode.execute(work);
    await writeCode.verify(work);
    office.answers.review = [{ verdict: 'approve', notes: [] }];
    const asked = (await office.on('cto.tasks.*')).findLast(({ message }) => message.type === 'review.requested');
    if (asked) await office.run(review, asked.message, 'qa');
    return work;
  }

  /** Somebody else's commit on the default branch. */
  function lands(path: string, content: string): void {
    writeFileSync(`${dir}/products/shop/${path}`, content);
    gitIn(`${dir}/products/shop`, 'add', path);
    gitIn(`${dir}/products/shop`, 'commit', '-q', '-m', path);
  }

  const breaks = () => lands('broken.test.js', "throw new Error('does not go with it');\n");
  const subjects = () => gitIn(`${dir}/products/shop`, 'log', '--format=%s', 'main').split('\n');
  const checks = async ({ tools }: TaskWork) => (await tools.forge.get(1))?.checks ?? [];

  it('is checked again on what is there now, and lands on nothing else', async () => {
    const work = await approvedWork();
    lands('before.txt', 'between the review and the merge');
    meanwhile = [() => lands('during.txt', 'between the check and the merge')];
    await writeCode.verify(work);
    expect(subjects()).toEqual(['T1: Add numbers', 'during.txt', 'before.txt', 'Start Shop']);
    const on = (await checks(work)).map(({ ok, onto }) => [ok, onto]);
    const parents = gitIn(`${dir}/products/shop`, 'rev-list', 'main~3', 'main~2', 'main~1', '--no-walk=unsorted');
    expect(on).toEqual(parents.split('\n').map((commit) => [true, commit]));
  });

  it.each([
    ['between the review and the merge', () => breaks()],
    ['between the check and the merge', () => void meanwhile.push(breaks)],
  ])('is not made when what came %s does not go with it', async (_, others) => {
    const work = await approvedWork();
    others();
    expect(await failureOf(writeCode.verify(work))).toMatchObject({
      kind: 'quality',
      reason: expect.stringMatching(/^checks of pull 1: .*failed/),
    });
    expect(subjects()).toEqual(['broken.test.js', 'Start Shop']);
    expect(await work.tools.forge.get(1)).toMatchObject({ status: 'open' });
  });

  it('waits when the default branch moves each time it was checked: that says nothing about the work', async () => {
    const work = await approvedWork();
    meanwhile = Array.from({ length: 9 }, (_, n) => () => lands(`${n}.txt`, ''));
    expect(await failureOf(writeCode.verify(work))).toMatchObject({
      kind: 'environment',
      reason: expect.stringMatching(/it was checked on main at \w{7}, and main is at \w{7} now/),
    });
    meanwhile = [];
    await writeCode.verify(work);
    expect(subjects()[0]).toBe('T1: Add numbers');
  });
});
