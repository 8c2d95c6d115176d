import { describe, expect, it } from 'vitest';
import type { Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { guardedTools } from '../../tools/policy/guarded-tools.ts';
import { createSecrets } from '../../tools/policy/secrets.ts';
import type { Web } from '../../tools/web/web.ts';
import { noTools } from '../fakes.ts';
import { fileTasks } from '../file-tasks.ts';
import { answer } from './answer.ts';
import { decompose } from './decompose.ts';
import { digest } from './digest.ts';
import {
  jobElsewhere,
  message,
  type Office,
  openOffice,
  orgWith,
  planned,
  publishingThrough,
  START,
  tick,
} from './fixture.ts';
import { remediate } from './remediate.ts';
import { staff } from './staff.ts';
import { strategy } from './strategy.ts';

const mission = message({ id: 'brain.mission.1', type: 'brain.mission', data: { text: 'Sell shoes' } });
const plan = { directive: 'Open a shop', goals: [{ id: 'Open it', text: 'It is open' }], deadlineHours: 48 };

async function withDirective(options: Parameters<typeof openOffice>[0] = {}): Promise<Office> {
  const office = await openOffice({ documents: [{ source: 'a.md', text: 'Shoes come in pairs.' }], ...options });
  office.answers.strategy = [plan];
  await office.run(strategy, mission, 'ceo');
  await office.tell(subjects.brain('mission'), {
    id: 'brain.mission.1',
    type: 'brain.mission',
    data: { text: 'Sell shoes' },
  });
  return office;
}

const lastOn = async (office: Office, filter: string) => (await office.on(filter)).at(-1)?.message;

async function become(office: Office, id: string, patch: Partial<Task>): Promise<void> {
  const task = { ...(await office.task(id)), ...patch };
  const type = patch.status === 'escalated' ? 'task.escalated' : 'task.completed';
  await office.tell(subjects.task(id), { id: `task.${id}.${patch.status}.${task.attempt}`, type, data: { task } });
}

async function failureOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'failure' in error ? error.failure : error),
  );
}

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
});

describe('the digest', () => {
  it('sums a directive up once, and says that its goals are achieved', async () => {
    const office = await withDirective();
    await fileTasks(await office.jobWork(tick('x'), 'cto'), [planned('a')], { prefix: 'D1', directive: 'D1' });
    expect(await office.run(digest, tick('digest'), 'cto')).toBe(false);
    await become(office, 'T1', { status: 'done' });
    expect(await office.run(digest, tick('digest', 2), 'cto')).toBe(true);
    expect(await office.run(digest, tick('digest', 3), 'cto')).toBe(false);
    expect((await lastOn(office, 'brain.directive.D1'))?.data).toMatchObject({
      achieved: ['open-it'],
      summary: 'D1: 1 of 1 tasks done, 0 failed attempts, $0.00',
    });
    expect(office.seen.company.get().goals).toMatchObject({ 'open-it': { status: 'achieved' } });
    expect(office.asked).toEqual(['strategy']);
  });

  it('says it once, also when the stream has forgotten the ids and the brain lags', async () => {
    const office = await withDirective({ dedupeWindowMs: 0 });
    await fileTasks(await office.jobWork(tick('x'), 'cto'), [planned('a')], { prefix: 'D1', directive: 'D1' });
    await become(office, 'T1', { status: 'done' });
    const lagging = office.seen.company.get();
    for (const nth of [2, 3]) {
      const job = await office.jobWork(tick('digest', nth), 'cto');
      // The stream's time moves on, so that it forgets.
      await office.clock.sleepUntil(office.clock.now() + 1);
      await digest.run({ ...job, company: { get: () => lagging } });
    }
    const ended = (await office.on('>')).filter(({ message: { type } }) => type === 'brain.directive');
    expect(ended).toHaveLength(1);
  });
});

describe('an alert', () => {
  const data = { id: 'A-up-abc', product: 'shop', severity: 'critical', check: 'up', detail: 'got 500' } as const;
  const alert = message({ id: 'alert.A-up-abc', type: 'alert.raised', data });

  it('becomes repair tasks and an open bug, once while they are open', async () => {
    const office = await openOffice();
    office.answers.remediate = [{ tasks: [planned('fix')] }];
    await office.run(remediate, alert, 'cto');
    await office.run(remediate, { ...alert, id: 'alert.again' }, 'cto');
    expect(office.seen.board.tasks()).toMatchObject([{ key: 'A-up-abc.fix', product: 'shop' }]);
    expect(office.seen.company.get().bugs).toMatchObject({ 'A-up-abc': { status: 'open' } });
    expect(office.asked).toEqual(['remediate']);
    const steps = (await office.on('job.alert-A-up-abc')).map(({ message: { data } }) => data);
    expect(steps).toMatchObject([{ step: { name: 'look' } }, { step: { name: 'remediate' } }]);
  });
});

describe('a question', () => {
  const ask = (question: string, document?: string) =>
    message({
      id: `knowledge.${question}`,
      type: 'knowledge.requested',
      data: {
        id: 'q1',
        question,
        ...(document === undefined ? {} : { document }),
        task: 'T1',
        attempt: 3,
        by: 'backend',
        replyTo: 'answer.q1',
        deadline: START + 1,
      },
    });

  it('is answered with the sources that were read, and no others', async () => {
    const office = await withDirective();
    office.answers.answer = [{ known: true, answer: 'two', sources: ['a.md', 'made-up.md'] }];
    await office.run(answer, ask('How many shoes?'), 'hr');
    const said = { known: true, text: 'two', sources: ['a.md'], knowledge: 1 };
    expect((await lastOn(office, 'answer.q1'))?.data).toMatchObject(said);
  });

  it('is not known when the answer names nothing that was read', async () => {
    const office = await withDirective();
    office.answers.answer = [{ known: true, answer: 'three', sources: ['made-up.md'] }];
    await office.run(answer, ask('How many shoes?'), 'hr');
    expect((await lastOn(office, 'answer.q1'))?.data).toMatchObject({ known: false, sources: [] });
  });

  it('costs no thought when nothing is written about it', async () => {
    const office = await withDirective();
    await office.run(answer, ask('Price of tea?'), 'hr');
    const text = 'nothing here says anything about it';
    expect((await lastOn(office, 'answer.q1'))?.data).toMatchObject({ known: false, text, knowledge: 1 });
    expect(office.asked).not.toContain('answer');
  });

  it('may be about a document, which is then summarised', async () => {
    const office = await withDirective();
    office.answers.answer = [{ known: true, answer: 'Of pairs.', sources: ['a.md'] }];
    await office.run(answer, ask('What is in it?', 'a.md'), 'hr');
    expect((await lastOn(office, 'answer.q1'))?.data).toMatchObject({ known: true, text: 'Of pairs.' });
  });

  it('about a document that is not there is not known', async () => {
    const office = await withDirective();
    await office.run(answer, ask('What is in it?', 'b.md'), 'hr');
    const text = 'there is no document b.md';
    expect((await lastOn(office, 'answer.q1'))?.data).toMatchObject({ known: false, text });
  });
});

describe('staffing', () => {
  async function escalated(): Promise<Office> {
    const office = await openOffice();
    const tasks = [planned('a', { type: 'code' }), planned('b', { after: ['a'] })];
    await fileTasks(await office.jobWork(tick('x'), 'cto'), tasks, { prefix: 'D1' });
    await become(office, 'T1', { status: 'escalated', agent: 'backend', attempt: 4, rung: 5, waits: 2 });
    return office;
  }
  const data = {
    id: 'hr-T1-1',
    kind: 'reassign',
    task: 'T1',
    reason: 'stuck',
    by: 'backend',
    replyTo: 'answer.hr-T1-1',
  } as const;
  const request = message({ id: 'hr.hr-T1-1', type: 'hr.requested', data });

  it('gives an escalated task to another role, afresh', async () => {
    const office = await escalated();
    office.answers.staff = [{ action: 'reassign', role: 'fullstack', reason: 'fresh eyes' }];
    await office.run(staff, request, 'hr');
    const given = {
      status: 'ready',
      role: 'fullstack',
      avoid: ['backend'],
      rung: 1,
      waits: 0,
      attempt: 5,
      reassigned: 1,
    };
    expect(await office.task('T1')).toMatchObject({ ...given, phase: 'briefing' });
    expect(await lastOn(office, 'cto.tasks.fullstack')).toMatchObject({
      id: 'task.T1.reassigned.1',
      data: { task: 'T1', why: 'reassigned' },
    });
    expect((await lastOn(office, 'answer.*'))?.data).toMatchObject({ known: true });
  });

  it('does it once, however often the request is delivered', async () => {
    const office = await escalated();
    office.answers.staff = [{ action: 'reassign', role: 'fullstack', reason: 'fresh eyes' }];
    await office.run(staff, request, 'hr');
    const { lastSeq } = await office.bus.info();
    await office.run(staff, request, 'hr');
    expect((await office.bus.info()).lastSeq).toBe(lastSeq);
  });

  it('refuses a role that cannot do the work', async () => {
    const office = await escalated();
    office.answers.staff = [{ action: 'reassign', role: 'marketing', reason: 'why not' }];
    expect(await failureOf(office.run(staff, request, 'hr'))).toMatchObject({
      kind: 'contract',
      reason: 'marketing cannot do a task of type code',
    });
  });

  it.each([
    ['retry', { status: 'ready', role: 'backend', avoid: [] }],
    ['reassign-fullstack', { status: 'ready', role: 'fullstack', avoid: ['backend'] }],
    ['abandon', { status: 'abandoned' }],
    ['use-sqlite', { status: 'ready', role: 'backend', guidance: [{ from: 'founder', text: 'Which? Use SQLite' }] }],
  ])('asks a person, whose answer %s counts', async (key, then) => {
    const office = await escalated();
    const options = [
      { key: 'retry', label: 'Again' },
      { key: 'use-sqlite', label: 'Use SQLite' },
    ];
    office.answers.staff = [{ action: 'ask', question: 'Which?', options }];
    await office.run(staff, request, 'hr');
    const asked = await lastOn(office, 'approval.*');
    if (asked?.type !== 'approval.asked') throw new Error('nobody was asked');
    expect(asked.data).toMatchObject({ id: 'Q-T1', status: 'open', blocks: ['T1', 'T2'] });
    const answered = { ...asked.data, status: 'answered' as const, answer: key, by: 'founder' };
    const reply = message({ id: 'approval.Q-T1.answered', type: 'approval.answered', data: answered });
    await office.run(staff, reply, 'hr');
    expect(await office.task('T1')).toMatchObject(then);
    expect((await office.task('T2')).status).toBe(key === 'abandon' ? 'abandoned' : 'blocked');
  });
});
