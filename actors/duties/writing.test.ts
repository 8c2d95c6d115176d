import { beforeEach, describe, expect, it } from 'vitest';
import type { Product } from '../../bus/records.ts';
import { gitIn, plainSandbox, productsIn, scratch } from '../../tools/fixture.ts';
import { openLocalForge } from '../../tools/forge/local.ts';
import type { Deployer } from '../../tools/tools.ts';
import { noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';
import { message, type Office, openOffice, orgWith, planned, tick } from './fixture.ts';
import { reviewerFor } from './merging.ts';
import { review } from './review.ts';
import { writeCode } from './write-code.ts';
import { writeDocuments } from './write-documents.ts';

const shop: Product = {
  slug: 'shop',
  name: 'Shop',
  description: 'Sells things.',
  stack: [],
  test: ['node', '--test'],
  start: undefined,
  health: [],
};

const adding = { path: 'src/add.js', content: 'export const add = (a, b) => a + b;\n' };
const testing = {
  path: 'test/add.test.js',
  content:
    "import test from 'node:test';\nimport assert from 'node:assert';\nimport { add } from '../src/add.js';\ntest('adds', () => assert.equal(add(1, 2), 3));\n",
};
const pack = { path: 'package.json', content: '{ "type": "module" }\n' };
const draft = { summary: 'adds numbers', files: [pack, adding, testing] };

const sandbox = await plainSandbox();
let dir: string;
let office: Office;

beforeEach(async () => {
  dir = scratch();
  const products = productsIn(dir, sandbox);
  office = await openOffice({
    org: orgWith([shop]),
    tools: (bus) => ({ ...noTools, products, forge: openLocalForge({ bus, products }), deployer: {} as Deployer }),
  });
  const tasks = [planned('add', { title: 'Add numbers' }), planned('guide', { role: 'marketing' })];
  await fileTasks(await office.jobWork(tick('setup'), 'cto'), tasks, { prefix: 'D1', product: 'shop' });
});

async function failureOf(run: Promise<unknown>) {
  return run.then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'failure' in error ? error.failure : error),
  );
}

async function requested() {
  const asked = (await office.on('cto.tasks.*')).findLast((stored) => stored.message.type === 'review.requested');
  if (!asked) throw new Error('nobody asked for a review');
  return asked.message;
}

async function approved(verdict: 'approve' | 'reject', notes: string[] = []): Promise<void> {
  office.answers.review = [{ verdict, notes }];
  await office.run(review, await requested(), 'qa');
}

describe('writing code', () => {
  it('is merged after checks and a review by another role, with evidence for its head', async () => {
    office.answers.write = [draft];
    const work = await office.taskWork('T1', 'backend-1');
    await writeCode.execute(work);
    expect(await writeCode.verify(work)).toEqual({ awaiting: 'waits for review of pull 1 by qa' });
    await approved('approve', ['neat']);
    expect((await office.on('cto.tasks.backend')).at(-1)?.message.data).toEqual({ task: 'T1', why: 'reviewed' });
    const verdict = await writeCode.verify(work);
    if (!('evidence' in verdict)) throw new Error(verdict.awaiting);
    expect(verdict.evidence.map(({ check, ok, by, commit }) => [check, ok, by, commit])).toEqual(
      writeCode.needs.map((check) => [check, true, check === 'review' ? 'qa' : 'harness', work.task.commit]),
    );
    const log = gitIn(`${dir}/products/shop`, 'log', '--format=%s|%an', '-1');
    expect(log).toBe('T1: Add numbers|backend-1');
    expect(office.seen.company.get().features).toMatchObject([{ task: 'T1', commit: work.task.merged }]);
  });

  it('goes on after a crash without thinking again, and makes the same commit', async () => {
    office.answers.write = [draft];
    const first = await office.taskWork('T1', 'backend-1');
    const step: typeof first.step = (name, run) =>
      name === 'pull' ? Promise.reject(new Error('crash')) : first.step(name, run);
    await expect(writeCode.execute(Object.assign(Object.create(first), { step }))).rejects.toThrow('crash');
    const again = await office.taskWork('T1', 'backend-2');
    await writeCode.execute(again);
    expect(office.asked).toEqual(['write']);
    const committed = (await office.on('task.T1')).find(({ message: { id } }) => id === 'task.T1.a1.commit');
    expect(committed?.message.data).toMatchObject({ step: { result: { head: again.task.commit } } });
  });

  it('fails on a syntax error with its place', async () => {
    office.answers.write = [{ summary: 'oops', files: [pack, { path: 'a.js', content: 'const = 1;\n' }] }];
    const failure = await failureOf(writeCode.execute(await office.taskWork('T1', 'backend-1')));
    expect(failure).toMatchObject({ kind: 'quality', reason: expect.stringMatching(/^syntax: a\.js:1:\d+ /) });
  });

  it('fails on a failing test', async () => {
    const wrong = { path: 'src/add.js', content: 'export const add = (a, b) => a - b;\n' };
    office.answers.write = [{ summary: 'oops', files: [pack, wrong, testing] }];
    const failure = await failureOf(writeCode.execute(await office.taskWork('T1', 'backend-1')));
    expect(failure).toMatchObject({ kind: 'quality', reason: expect.stringMatching(/^tests: /) });
  });

  it('may not write outside the product, nor into its git directory', async () => {
    const work = await office.taskWork('T1', 'backend-1');
    for (const [index, path] of ['../out.js', '/etc/passwd', '.git/hooks/pre-commit'].entries()) {
      work.note({ attempt: index + 1 });
      office.answers.write = [{ summary: 'x', files: [{ path, content: '' }] }];
      expect(await failureOf(writeCode.execute(work))).toMatchObject({ kind: 'contract' });
    }
  });

  it('fails when nothing changed', async () => {
    const readme = `# Shop\n\nSells things.\n`;
    office.answers.write = [{ summary: 'x', files: [{ path: 'README.md', content: readme }] }];
    const failure = await failureOf(writeCode.execute(await office.taskWork('T1', 'backend-1')));
    expect(failure).toMatchObject({ kind: 'quality', reason: 'no difference: the files are as they were' });
  });

  it('fails with the notes of a review that rejects it', async () => {
    office.answers.write = [draft];
    const work = await office.taskWork('T1', 'backend-1');
    await writeCode.execute(work);
    await writeCode.verify(work);
    await approved('reject', ['no zero']);
    expect(await failureOf(writeCode.verify(work))).toEqual({
      kind: 'quality',
      reason: 'qa rejected pull 1: no zero',
    });
  });
});

describe('writing documents', () => {
  it('reaches docs/ and growth/, and nothing that runs', async () => {
    office.answers.write = [draft];
    const failure = await failureOf(writeDocuments.execute(await office.taskWork('T2', 'marketing')));
    expect(failure).toMatchObject({ kind: 'contract', reason: expect.stringMatching(/^"package\.json" is refused/) });
    office.answers.write = [{ summary: 'guide', files: [{ path: 'docs/guide.md', content: '# Guide\n' }] }];
    const work = await office.taskWork('T2', 'marketing');
    await writeDocuments.execute(work);
    expect(work.task).toMatchObject({ summary: 'guide', pull: 1, branch: 'agent/T2/do-guide' });
  });
});

describe('a review', () => {
  it('goes to a colleague under the same boss, never to the role of the author', () => {
    const org = orgWith();
    expect([reviewerFor(org, 'backend'), reviewerFor(org, 'marketing'), reviewerFor(org, 'qa')]).toEqual([
      'qa',
      'cto',
      'cto',
    ]);
  });

  it('of a head that has moved does nothing', async () => {
    office.answers.write = [draft];
    const work = await office.taskWork('T1', 'backend-1');
    await writeCode.execute(work);
    const data = { pull: 1, task: 'T1', head: '0'.repeat(40) };
    const stale = message({ id: 'pull.1.review.0000000', type: 'review.requested', data });
    expect(await office.run(review, stale, 'qa')).toBe(false);
    expect(office.asked).toEqual(['write']);
  });

  it('of a pull request that is closed while it is thought about says nothing', async () => {
    office.answers.write = [draft];
    office.answers.review = [{ verdict: 'approve', notes: [] }];
    const work = await office.taskWork('T1', 'backend-1');
    await writeCode.execute(work);
    const opened = await work.tools.forge.get(1);
    if (!opened) throw new Error('nothing was opened');
    const data = { pull: 1, task: 'T1', head: opened.head };
    const job = await office.jobWork(message({ id: 'pull.1.review', type: 'review.requested', data }), 'qa');
    const think: typeof job.think = async (...asked) => {
      const answer = await job.think(...asked);
      await work.tools.forge.close(opened);
      return answer;
    };
    await review.run({ ...job, think });
    expect(await work.tools.forge.get(1)).toMatchObject({ status: 'closed', reviews: [] });
  });
});
