// What no tasks can be made of is not lost: a person is asked.

import { expect, it } from 'vitest';
import type { DataOf } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import { planned } from './duties/fixture.ts';
import { MINUTE, orgOf, type Running, type Script, START, startCompany } from './fixture.ts';
import { askAboutPlan } from './lost-plans.ts';
import { taskRecords } from './plan.ts';

const directive: DataOf<'directive.issued'> = {
  id: 'D1',
  mission: 'Short links',
  directive: 'Build them',
  goals: [{ id: 'live', text: 'They are live' }],
  priorities: [],
  deadline: START + 24 * 60 * MINUTE,
};

const plan = { tasks: [{ key: 'advise', title: 'Say how', role: 'worker', type: 'advice' }] };

/** A company that is given a directive, and asks about it. The first `failures` plans are none. */
async function asksAbout(failures: number): Promise<Running> {
  let plans = 0;
  const script: Script = ({ purpose }) => {
    if (purpose !== 'decompose') return { summary: 's', advice: 'a' };
    plans += 1;
    return plans <= failures ? 'Sure! ...' : plan;
  };
  const company = await startCompany({ org: orgOf(), script });
  await company.tell(subjects.directives, { id: 'directive.D1', type: 'directive.issued', data: directive });
  await company.until(() => company.of('approval.asked').length === 1 && company.of('dead.lettered').length === 1);
  return company;
}

async function answer(company: Running, option: string): Promise<void> {
  const asked = company.of('approval.asked').at(-1);
  if (!asked) throw new Error('nobody was asked');
  const data = { ...asked.data, status: 'answered' as const, answer: option, by: 'founder' };
  await company.tell(asked.subject, { id: `${asked.id}.answered`, type: 'approval.answered', data });
}

it('a directive that nobody can make tasks of is asked about, and planned when a person says so', async () => {
  const company = await asksAbout(3);
  const [asked] = company.of('approval.asked');
  expect(asked?.data).toMatchObject({
    id: 'Q-plan-directive-D1',
    question: expect.stringMatching(/^nobody could make tasks of directive D1: .*not JSON.*\. What now\?$/),
    options: [{ key: 'retry', recommended: true }, { key: 'abandon' }],
  });
  await answer(company, 'retry');
  await company.until(() => company.seen.board.byKey('D1.advise') !== undefined);
  await company.untilDone();
  expect(company.task('T1').status).toBe('done');
  const [again] = company.of('dead.requeued');
  expect(company.of('directive.issued').map(({ id }) => id)).toEqual(['directive.D1', again?.data.as]);
});

it('what fails again is asked about again', async () => {
  const company = await asksAbout(6);
  await answer(company, 'retry');
  await company.until(() => company.of('approval.asked').length === 2);
  expect(company.of('approval.asked').map(({ data }) => data.id)).toEqual([
    'Q-plan-directive-D1',
    expect.stringMatching(/^Q-plan-directive-D1-requeued-\d+$/),
  ]);
});

it('without an answer it is tried again after a day', async () => {
  const company = await asksAbout(3);
  await company.until(() => company.seen.board.byKey('D1.advise') !== undefined);
  expect(company.of('approval.expired')).toHaveLength(1);
  expect(company.clock.now() - START).toBeGreaterThanOrEqual(24 * 60 * MINUTE);
});

it('a directive that is given up has ended, so that the mission gets another one', async () => {
  const company = await asksAbout(3);
  await answer(company, 'abandon');
  await company.until(() => company.of('brain.directive').length === 1);
  expect(company.of('brain.directive')[0]?.data).toMatchObject({ id: 'D1', done: 0, tasks: 0, achieved: [] });
  expect(company.of('dead.requeued')).toEqual([]);
});

it('a directive that is given up with some of its tasks filed ends when they have', async () => {
  const company = await asksAbout(3);
  const [task] = taskRecords(
    [planned('a', { role: 'worker' })],
    { prefix: 'D1', directive: 'D1' },
    { ids: { a: 'T1' }, org: orgOf(), now: START },
  );
  if (!task) throw new Error('no task');
  await company.tell(subjects.task('T1'), { id: 'task.T1.created', type: 'task.created', data: { task } });
  await company.until(() => company.seen.board.under('D1').length === 1);
  await answer(company, 'abandon');
  await company.until(() =>
    [...company.bus.stream.durables.values()].every(
      (durable) => durable.unsettled.size === 0 && durable.pending(company.bus.stream) === 0,
    ),
  );
  expect(company.of('brain.directive')).toEqual([]);
});

it('nobody is asked twice at once, but anew when they answered too early for it', async () => {
  const company = await asksAbout(3);
  const [given] = company.of('directive.issued');
  if (!given) throw new Error('no directive');
  await askAboutPlan(company, given, 'cto', 'no plan');
  expect(company.of('approval.asked')).toHaveLength(1);
  await answer(company, 'later');
  await askAboutPlan(company, given, 'cto', 'no plan');
  expect(company.of('approval.asked')).toHaveLength(2);
  expect(company.seen.board.state.approvals.get('Q-plan-directive-D1')?.status).toBe('open');
});
