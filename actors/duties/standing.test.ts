import { describe, expect, it } from 'vitest';
import { fileTasks } from '../file-tasks.ts';
import { answer } from './answer.ts';
import { digest } from './digest.ts';
import { become, failureOf, lastOn, withDirective } from './directive.fixture.ts';
import { message, type Office, openOffice, planned, START, tick } from './fixture.ts';
import { remediate } from './remediate.ts';
import { staff } from './staff.ts';

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
