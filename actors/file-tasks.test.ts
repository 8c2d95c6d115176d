import { expect, it } from 'vitest';
import { subjects } from '../bus/subjects.ts';
import { jobElsewhere, message, type Office, openOffice, planned, publishingThrough } from './duties/fixture.ts';
import { fileTasks, numbersFor } from './file-tasks.ts';
import { abandonTask, releaseTask } from './release.ts';

const plan = [planned('store'), planned('page', { after: ['store'] }), planned('text', { role: 'marketing' })];
const filing = { prefix: 'D1', directive: 'D1' };
const asked = message({
  id: 'directive.D1',
  type: 'directive.issued',
  data: { id: 'D1', mission: 'm', directive: 'd', goals: [], priorities: [], deadline: 0 },
});

const idsOn = async (office: Office, filter: string) => (await office.on(filter)).map(({ message: { id } }) => id);

async function finish(office: Office, id: string): Promise<void> {
  const task = { ...(await office.task(id)), status: 'done' as const };
  await office.tell(subjects.task(id), { id: `task.${id}.completed`, type: 'task.completed', data: { task } });
}

it('a plan becomes numbered tasks, and only those without inputs are assigned', async () => {
  const office = await openOffice();
  const tasks = await fileTasks(await office.jobWork(asked, 'cto'), plan, filing);
  expect(tasks.map((task) => task.id)).toEqual(['T1', 'T2', 'T3']);
  expect(await idsOn(office, 'cto.tasks.*')).toEqual(['task.T1.assigned', 'task.T3.assigned']);
  expect(await office.task('T2')).toMatchObject({ status: 'blocked', reason: 'waits for T1' });
  expect(await office.task('T1')).toMatchObject({ status: 'ready', dependents: ['T2'] });
});

it('filing the same plan again after a crash adds nothing', async () => {
  const office = await openOffice();
  await fileTasks(await office.jobWork(asked, 'cto'), plan, filing);
  const before = (await office.bus.info()).lastSeq;
  await fileTasks(await office.jobWork(asked, 'cto'), plan, filing);
  expect((await office.bus.info()).lastSeq).toBe(before);
});

it.each([2, 3, 4, 5, 6, 7])('a crash after %i messages leaves a plan that the next run completes', async (survived) => {
  const office = await openOffice();
  const work = await office.jobWork(asked, 'cto');
  let left = survived;
  const bus = publishingThrough(office.bus, async (...given) => {
    left -= 1;
    if (left < 0) throw new Error('crash');
    return office.bus.publish(...given);
  });
  await fileTasks({ ...work, bus }, plan, filing).catch(() => undefined);
  await fileTasks(await office.jobWork(asked, 'cto'), plan, filing);
  expect((await idsOn(office, 'task.*')).toSorted()).toEqual([
    'task.D1.page.created',
    'task.D1.store.created',
    'task.D1.text.created',
    'task.T1.assigned.state',
    'task.T3.assigned.state',
  ]);
  expect(await idsOn(office, 'cto.tasks.*')).toHaveLength(2);
});

it('a key that exists keeps its task when another job files it', async () => {
  const office = await openOffice();
  await fileTasks(await office.jobWork(asked, 'cto'), plan, filing);
  const other = await office.jobWork({ ...asked, id: 'directive.D1.again' }, 'cto');
  const tasks = await fileTasks(other, [...plan, planned('more', { after: ['page'] })], filing);
  expect(tasks.map((task) => task.id)).toEqual(['T1', 'T2', 'T3', 'T4']);
  expect(await idsOn(office, 'task.T1')).toHaveLength(2);
});

it('two who plan in one process at once do not take the same numbers', async () => {
  const office = await openOffice();
  const one = await office.jobWork(asked, 'cto');
  const other = await office.jobWork({ ...asked, id: 'directive.D2' }, 'cto-2');
  const numbers = [numbersFor(one, plan, filing), numbersFor(other, plan, { prefix: 'D2' })] as const;
  expect(numbers.map(({ ids }) => Object.values(ids))).toEqual([
    ['T1', 'T2', 'T3'],
    ['T4', 'T5', 'T6'],
  ]);
  await Promise.all([fileTasks(one, plan, filing, numbers[0]), fileTasks(other, plan, { prefix: 'D2' }, numbers[1])]);
  expect((await office.on('task.*')).filter(({ message: { id } }) => id.endsWith('.created'))).toHaveLength(6);
});

it('a number that somebody in another process takes meanwhile is replaced wherever the plan names it', async () => {
  const office = await openOffice();
  const work = await office.jobWork(asked, 'cto');
  const rival = await jobElsewhere(office, { ...asked, id: 'directive.D2' }, 'cto');
  const step: typeof work.step = async (name, run) => {
    const result = await work.step(name, run);
    if (name === 'numbers') await fileTasks(rival, [planned('a'), planned('b')], { prefix: 'D2' });
    return result;
  };
  const later = [planned('page', { after: ['store'] }), planned('store')];
  const tasks = await fileTasks({ ...work, step }, later, filing);
  expect(tasks.map((task) => [task.id, task.dependsOn])).toEqual([
    ['T3', ['T4']],
    ['T4', []],
  ]);
  expect(await office.task('T3')).toMatchObject({ key: 'D1.page', status: 'blocked', reason: 'waits for T4' });
  expect(await office.task('T1')).toMatchObject({ key: 'D2.a' });
});

it('tasks created before a number was taken are corrected before anything is assigned', async () => {
  const office = await openOffice();
  const work = await office.jobWork(asked, 'cto');
  const rival = await jobElsewhere(office, { ...asked, id: 'directive.D2' }, 'cto');
  const later = [planned('page', { after: ['store'] }), planned('store')];
  let filed = false;
  const bus = publishingThrough(office.bus, async (...given) => {
    // After its first task, and before its second, which was to be T2.
    if (!filed && given[0] === subjects.task('T2')) {
      filed = true;
      await fileTasks(rival, [planned('a')], { prefix: 'D2' });
    }
    return office.bus.publish(...given);
  });
  await fileTasks({ ...work, bus }, later, filing);
  expect(await office.task('T2')).toMatchObject({ key: 'D2.a' });
  expect(await office.task('T1')).toMatchObject({ key: 'D1.page', dependsOn: ['T3'], reason: 'waits for T3' });
  expect(await office.task('T3')).toMatchObject({ key: 'D1.store', dependents: ['T1'], status: 'ready' });
});

it('a plan that cannot be filed is a broken contract, and leaves nothing', async () => {
  const office = await openOffice();
  const filed = fileTasks(await office.jobWork(asked, 'cto'), [planned('a', { role: 'legal' })], filing);
  await expect(filed).rejects.toMatchObject({ failure: { kind: 'contract' } });
  expect((await office.bus.info()).lastSeq).toBe(0);
});

it('a task is released once, when its last input is done', async () => {
  const office = await openOffice();
  const both = [planned('a'), planned('b'), planned('c', { after: ['a', 'b'] })];
  await fileTasks(await office.jobWork(asked, 'cto'), both, filing);
  const by = { source: 'backend', why: 'unblocked' } as const;
  await finish(office, 'T1');
  expect(await releaseTask(office.bus, 'T3', by)).toBe(false);
  await finish(office, 'T2');
  await Promise.all([releaseTask(office.bus, 'T3', by), releaseTask(office.bus, 'T3', by)]);
  expect(await office.task('T3')).toMatchObject({ status: 'ready' });
  expect((await idsOn(office, 'cto.tasks.backend')).filter((id) => id.includes('T3'))).toHaveLength(1);
});

it('a task that is given up takes along what needs it and wakes the parent that lost its last part', async () => {
  const office = await openOffice();
  await fileTasks(await office.jobWork(asked, 'cto'), [planned('whole')], filing);
  const parent = await office.task('T1');
  const job = await office.jobWork({ ...asked, id: 'split' }, 'cto');
  const parts = [planned('one'), planned('two', { after: ['one'] })];
  await fileTasks(job, parts, { prefix: parent.key, parent });
  const waiting = { ...parent, status: 'waiting' as const, attempt: 2, children: ['T1-1', 'T1-2'] };
  await office.tell(subjects.task('T1'), { id: 'task.T1.split', type: 'task.decomposed', data: { task: waiting } });
  expect(await abandonTask(office.bus, 'T1-1', 'hr', 'too hard')).toEqual(['T1-1', 'T1-2']);
  expect(await office.task('T1-2')).toMatchObject({
    status: 'abandoned',
    reason: 'needs T1-1, which was abandoned',
  });
  expect(await idsOn(office, 'cto.tasks.backend')).toContain('task.T1.a2.children');
});
