import { beforeEach, describe, expect, it } from 'vitest';
import { Task, WorkReport } from '../bus/records.ts';
import { gitIn, plainSandbox, productsIn, scratch, shop } from '../tools/fixture.ts';
import { openLocalForge } from '../tools/forge/local.ts';
import { type Office, openOffice, orgWith, planned, tick } from './duties/fixture.ts';
import { review } from './duties/review.ts';
import { writeCode } from './duties/write-code.ts';
import { noDeployer, noTools } from './fakes.ts';
import { fileTasks } from './file-tasks.ts';
import { fields, followUpOf } from './follow-up.ts';
import { taskRecords } from './plan.ts';
import { releaseTask } from './release.ts';

const report = WorkReport.parse({
  status: 'partial',
  blocker: 'missing_context',
  summary: 'Half of it',
  nextStep: 'Write the other half',
  attempted: ['Doing all at once'],
});

/** A task that has been through everything, with no field left out. */
const worn: Required<Task> = {
  id: 'T3',
  key: 'D1.store',
  title: 'Store links',
  description: 'Keep them.',
  acceptance: ['They are kept'],
  type: 'code',
  role: 'backend',
  product: 'shop',
  estimateMs: 1_800_000,
  priority: 'high',
  goal: 'g1',
  directive: 'D1',
  parent: 'T1',
  lineage: 'T1',
  depth: 1,
  dependsOn: ['T2'],
  dependents: ['T9'],
  children: ['T3-1'],
  status: 'working',
  phase: 'executing',
  reason: 'because',
  deadline: 1,
  createdAt: 2,
  startedAt: 3,
  workingSince: 3,
  endedAt: 4,
  dueAt: 5,
  agent: 'backend',
  avoid: ['backend-2'],
  attempt: 2,
  rung: 2,
  waits: 1,
  excused: 1,
  reassigned: 1,
  failures: [{ attempt: 1, agent: 'backend-2', kind: 'quality', reason: 'no' }],
  guidance: [{ from: 'knowledge', text: 'slowly' }],
  branch: 'agent/T3/store',
  commit: 'c'.repeat(40),
  pull: 7,
  merged: 'd'.repeat(40),
  summary: 'was',
  continues: { task: 'T0', branch: 'b', commit: 'a', base: 'a', report, tests: 'none' },
  evidence: [{ check: 'tests', ok: true, by: 'harness', detail: 'x' }],
  spent: { inputTokens: 1, outputTokens: 2, cost: 3, workingMs: 4 },
  taint: ['issue-4'],
  lessons: ['L1'],
  paths: ['src/links.js'],
  score: 50,
  band: 'good',
  ledger: { rows: [], missing: [] },
};
const saved = {
  task: 'T3',
  branch: 'agent/T3/store',
  commit: 'e'.repeat(40),
  base: 'f'.repeat(40),
  report,
  tests: '1 failed',
};

function followUp(): Task {
  const { planned: one, filing } = followUpOf(worn, saved);
  const [task] = taskRecords([one], filing, { ids: { [one.key]: 'T3-2' }, org: orgWith(), now: 1_000_000 });
  if (!task) throw new Error('no task');
  return task;
}

describe('a follow-up', () => {
  it('decides on every field that a task has', () => {
    expect(Object.keys(fields).sort()).toEqual(Object.keys(Task.shape).sort());
  });

  const [, fresh] = taskRecords([planned('a'), planned('b')], { prefix: 'D9' }, { ids: {}, org: orgWith(), now: 7 });

  it.each(Object.entries(fields))('has %s %s', (field, how) => {
    const task: Record<string, unknown> = followUp();
    const before: Record<string, unknown> = worn;
    const made: Record<string, unknown> = {
      id: 'T3-2',
      key: 'D1.store.go-on-2',
      parent: 'T3',
      depth: 2,
      deadline: 1_000_000 + 4 * 3_600_000,
      createdAt: 1_000_000,
      continues: saved,
    };
    const unused: Record<string, unknown> = { ...fresh };
    const wanted = { copied: before[field], reset: unused[field], new: made[field] };
    expect(task[field]).toEqual(wanted[how]);
    if (how !== 'copied') expect(task[field]).not.toEqual(before[field]);
  });
});

const sandbox = await plainSandbox();

describe('partial work', () => {
  let office: Office;
  let dir: string;

  beforeEach(async () => {
    dir = scratch();
    const products = productsIn(dir, sandbox);
    office = await openOffice({
      org: orgWith([{ ...shop, test: ['true'] }]),
      tools: (bus) => ({ ...noTools, products, forge: openLocalForge({ bus, products }), deployer: noDeployer }),
    });
    const tasks = [planned('both', { title: 'Write both files' })];
    await fileTasks(await office.jobWork(tick('setup'), 'cto'), tasks, { prefix: 'D1', product: 'shop' });
  });

  const half = { summary: 'Half', files: [{ path: 'one.txt', content: '1\n' }], report };
  const rest = { summary: 'The rest', files: [{ path: 'two.txt', content: '2\n' }] };

  it('is kept on its branch, and the follow-up starts from those commits, not from the default branch', async () => {
    office.answers.write = [half, rest];
    const work = await office.taskWork('T1', 'backend');
    await writeCode.execute(work);
    expect(work.task).toMatchObject({ children: ['T1-1'], branch: 'agent/T1/write-both-files' });
    expect(work.task.pull).toBeUndefined();
    const { continues, lineage } = await office.task('T1-1');
    expect([continues?.commit, continues?.report, lineage]).toEqual([work.task.commit, report, 'T1']);
    expect(gitIn(`${dir}/products/shop`, 'rev-parse', 'agent/T1/write-both-files')).toBe(work.task.commit);

    const next = await office.taskWork('T1-1', 'backend-2');
    await writeCode.execute(next);
    const log = gitIn(`${dir}/products/shop`, 'log', '--format=%an %s', `main..${next.task.commit}`);
    expect(log.split('\n')).toEqual(['backend-2 T1-1: Write both files', 'backend T1: Write both files']);
    await writeCode.verify(next);
    office.answers.review = [{ verdict: 'approve', notes: [] }];
    const asked = (await office.on('cto.tasks.*')).findLast(({ message }) => message.type === 'review.requested');
    if (asked) await office.run(review, asked.message, 'qa');
    await writeCode.verify(next);
    expect(gitIn(`${dir}/products/shop`, 'ls-tree', '--name-only', 'main').split('\n')).toContain('one.txt');
  });

  it('of which nothing is missing any more is handed in by the follow-up as it is', async () => {
    const noop = { summary: 'It was all there', files: [{ path: 'one.txt', content: '1\n' }] };
    office.answers.write = [half, noop];
    const first = await office.taskWork('T1', 'backend');
    await writeCode.execute(first);
    const next = await office.taskWork('T1-1', 'backend-2');
    await writeCode.execute(next);
    expect(next.task).toMatchObject({ pull: 1, commit: first.task.commit });
  });

  it('is handed on once, whenever its worker dies', async () => {
    for (const dying of ['apply', 'save', 'numbers']) {
      office.answers.write = [half];
      const first = await office.taskWork('T1', 'backend');
      const step: typeof first.step = (name, run) =>
        name === dying ? Promise.reject(new Error('crash')) : first.step(name, run);
      await expect(writeCode.execute(Object.assign(Object.create(first), { step }))).rejects.toThrow('crash');
    }
    const again = await office.taskWork('T1', 'backend');
    await writeCode.execute(again);
    expect(again.task.children).toEqual(['T1-1']);
    await releaseTask(office.bus, 'T1-1', { source: 'test', why: 'new' });
    expect(office.asked).toEqual(['write']);
    expect((await office.on('task.*')).filter(({ message }) => message.type === 'task.created')).toHaveLength(2);
  });

  it.each([
    ['whose code allows no follow-up', { blocker: 'manual_intervention_required' }, 'permanent', true],
    ['without a next step', { nextStep: undefined }, 'quality'],
    ['that is blocked instead', { status: 'blocked', blocker: 'missing_credentials' }, 'permanent'],
    ['that blames the machine', { status: 'blocked', blocker: 'environment_failure' }, 'quality'],
  ])(
    '%s fails as its code says, and is not handed on; it is kept for what a person decides',
    async (_, more, kind, kept = false) => {
      office.answers.write = [{ ...half, report: { ...report, ...more } }];
      const work = await office.taskWork('T1', 'backend');
      const error = await writeCode.execute(work).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ failure: { kind, reason: expect.stringContaining('Half of it') } });
      expect(work.task.children).toEqual([]);
      const { commit, base } = work.task.continues ?? {};
      expect(commit !== undefined && commit !== base).toBe(kept);
      expect(work.task.commit).toBe(commit);
    },
  );
});
