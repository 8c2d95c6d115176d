import { describe, expect, it } from 'vitest';
import { aTask } from '../../tests/fixtures/story.ts';
import { guardedTools } from '../../tools/policy/guarded-tools.ts';
import { createSecrets } from '../../tools/policy/secrets.ts';
import type { Web } from '../../tools/web/web.ts';
import { noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';
import { decompose, openTasks } from './decompose.ts';
import { digest } from './digest.ts';
import { become, failureOf, lastOn, plan, withDirective } from './directive.fixture.ts';
import { jobElsewhere, message, openOffice, orgWith, planned, publishingThrough, START, tick } from './fixture.ts';
import { strategy } from './strategy.ts';

describe('strategy', () => {
  it('decides without looking around when what it would ask the web holds a secret', async () => {
    const SHOP_TOKEN = 'shoe-lace-4f9c1e-value';
    const searched: string[] = [];
    const web: Web = {
      search: async (query) => {
        searched.push(query);
        return [];
      },
      read: async () => Promise.reject(new Error('nothing was found')),
    };
    const settings = { provider: 'searxng', key: undefined, url: undefined, allow: ['*'], research: true } as const;
    const office = await openOffice({
      org: { ...orgWith(), web: settings },
      tools: guardedTools({ ...noTools, web }, createSecrets({ SHOP_TOKEN })),
    });
    office.answers.strategy = [plan];
    const text = `Sell shoes with ${SHOP_TOKEN}`;
    await office.run(strategy, message({ id: 'brain.mission.1', type: 'brain.mission', data: { text } }), 'ceo');
    expect((await lastOn(office, 'ceo.directives'))?.type).toBe('directive.issued');
    expect(searched).toEqual([]);
  });

  it('answers a mission with one directive and its goals', async () => {
    const office = await withDirective();
    expect((await lastOn(office, 'ceo.directives'))?.data).toMatchObject({
      id: 'D1',
      mission: 'Sell shoes',
      goals: [{ id: 'open-it' }],
      deadline: START + 48 * 3_600_000,
    });
    expect(office.seen.company.get().goals).toMatchObject({ 'open-it': { status: 'open' } });
  });

  it('asks no model while its directive is under way, nor when it is achieved', async () => {
    const office = await withDirective();
    expect(await office.run(strategy, tick('strategy'), 'ceo')).toBe(false);
    await fileTasks(await office.jobWork(tick('x'), 'cto'), [planned('a')], { prefix: 'D1', directive: 'D1' });
    await become(office, 'T1', { status: 'done' });
    await office.run(digest, tick('digest'), 'cto');
    expect(await office.run(strategy, tick('strategy', 2), 'ceo')).toBe(false);
    expect(office.asked).toEqual(['strategy']);
  });

  it('plans again when a directive has ended with goals open', async () => {
    const office = await withDirective();
    await fileTasks(await office.jobWork(tick('x'), 'cto'), [planned('a')], { prefix: 'D1', directive: 'D1' });
    await become(office, 'T1', { status: 'abandoned' });
    await office.run(digest, tick('digest'), 'cto');
    office.answers.strategy = [plan];
    await office.run(strategy, tick('strategy'), 'ceo');
    expect((await lastOn(office, 'ceo.directives'))?.data).toMatchObject({ id: 'D2' });
  });
});

describe('decomposing', () => {
  it('files the tasks of a directive', async () => {
    const office = await withDirective();
    office.answers.decompose = [{ tasks: [planned('a'), planned('b', { after: ['a'] })] }];
    const issued = await lastOn(office, 'ceo.directives');
    if (issued) await office.run(decompose, issued, 'cto');
    expect(office.seen.board.tasks()).toMatchObject([
      { id: 'T1', key: 'D1.a', directive: 'D1', goal: 'open-it' },
      { id: 'T2', key: 'D1.b', status: 'blocked' },
    ]);
  });

  it('refuses a plan that cannot be filed, and asks again on the next try', async () => {
    const office = await withDirective();
    office.answers.decompose = [{ tasks: [planned('a', { after: ['a'] })] }, { tasks: [planned('a')] }];
    const issued = await lastOn(office, 'ceo.directives');
    if (!issued) throw new Error('no directive');
    expect(await failureOf(office.run(decompose, issued, 'cto'))).toEqual({
      kind: 'contract',
      reason: 'the plan cannot be filed: the tasks wait for each other: a -> a',
    });
    await office.run(decompose, issued, 'cto');
    expect(office.seen.board.tasks()).toMatchObject([{ id: 'T1' }]);
  });

  it('records a plan with the numbers of its tasks: after a crash the same tasks are filed, and nobody is asked again', async () => {
    const office = await withDirective();
    office.answers.decompose = [{ tasks: [planned('a'), planned('b', { after: ['a'] })] }];
    const issued = await lastOn(office, 'ceo.directives');
    if (!issued) throw new Error('no directive');
    const bus = publishingThrough(office.bus, async (...given) => {
      if (given[0].startsWith('task.')) throw new Error('crash');
      return office.bus.publish(...given);
    });
    await expect(decompose.run({ ...(await office.jobWork(issued, 'cto')), bus })).rejects.toThrow('crash');
    const steps = (await office.on('job.directive-D1')).map(({ message }) => message.data);
    expect(steps).toMatchObject([
      { step: { name: 'decompose', result: { concluded: { ids: { a: 'T1', b: 'T2' } } } } },
    ]);
    // Another process would number from T1 again; what is recorded counts, and T1 is somebody else's by now.
    await fileTasks(await jobElsewhere(office, tick('x'), 'cto'), [planned('other')], { prefix: 'D9' });
    await office.run(decompose, issued, 'cto');
    expect(office.seen.board.under('D1')).toMatchObject([
      { key: 'D1.b', id: 'T2', dependsOn: ['T3'] },
      { key: 'D1.a', id: 'T3', dependents: ['T2'], status: 'ready' },
    ]);
    expect(office.asked.filter((purpose) => purpose === 'decompose')).toHaveLength(1);
  });

  it('goes on with a plan that was recorded without numbers, as an earlier program did', async () => {
    const office = await withDirective();
    const issued = await lastOn(office, 'ceo.directives');
    if (!issued) throw new Error('no directive');
    const job = await office.jobWork(issued, 'cto');
    await job.step('decompose', async () => ({ answer: { tasks: [planned('a')] } }));
    await decompose.run(job);
    expect(office.seen.board.under('D1')).toMatchObject([{ id: 'T1', key: 'D1.a', status: 'ready' }]);
    const steps = (await office.on('job.directive-D1')).map(({ message }) => message.data);
    expect(steps).toMatchObject([{ step: { name: 'decompose' } }, { step: { name: 'numbers' } }]);
  });

  it('files a backlog without asking a model', async () => {
    const office = await openOffice();
    const given = message({ id: 'backlog.1', type: 'backlog.given', data: { id: 'B1', tasks: [planned('a')] } });
    await office.run(decompose, given, 'cto');
    expect(await office.task('T1')).toMatchObject({ key: 'B1.a' });
    expect(office.asked).toEqual([]);
  });

  it('tells the planner of the latest open tasks, and how many more there are', () => {
    const open = Array.from({ length: 70 }, (_, n) => aTask(`T${n + 1}`, { role: 'backend', status: 'ready' }));
    const lines = openTasks({ open: () => open }).text.split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([
      51,
      '- T21 (backend, ready): Task T21',
      '20 older ones are open too.',
    ]);
    expect(openTasks({ open: () => open.slice(0, 1) }).text).toBe('- T1 (backend, ready): Task T1');
  });
});
