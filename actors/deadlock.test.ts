import { expect, it } from 'vitest';
import type { Message } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { createBoard } from './board.ts';
import { deadlocks } from './deadlock.ts';
import { planned } from './duties/fixture.ts';
import { MINUTE, orgOf, START, startCompany } from './fixture.ts';
import { taskRecords } from './plan.ts';

const org = orgOf('qa: { duties: [review] }');
const [task] = taskRecords([planned('a', { role: 'worker' })], { prefix: 'B1' }, { ids: { a: 'T1' }, org, now: START });
if (!task) throw new Error('no task');

function boardOf(tasks: readonly Partial<Task>[], states: Readonly<Record<string, string>> = {}) {
  const board = createBoard();
  const told = (type: string, data: unknown) =>
    board.told({ type, data, id: 'x', source: 'x' } as Message, board.state.seq + 1);
  for (const one of tasks) told('task.created', { task: { ...task, ...one } });
  const all = { worker: 'idle', 'worker-2': 'idle', hr: 'idle', qa: 'idle', ...states };
  for (const [agent, state] of Object.entries(all)) {
    told('agent.changed', { agent, role: agent, state, event: 'X', since: START });
  }
  return board.state;
}

const found = (tasks: readonly Partial<Task>[], states = {}, chart = org, now = START + 10 * MINUTE) =>
  deadlocks(boardOf(tasks, states), chart, now).map(({ task: id, reason }) => `${id}: ${reason}`);

it("a company whose work is in somebody's hands has no deadlock", () => {
  const waits = { status: 'waiting', reason: 'waits for review of pull 3 by qa', pull: 3 } as const;
  expect(
    found([{}, { id: 'T2', status: 'working' }, { id: 'T3', ...waits }, { id: 'T4', status: 'escalated' }]),
  ).toEqual([]);
  expect(found([{ status: 'done', role: 'nobody' }])).toEqual([]);
});

it('a task of a role that nobody has is one', () => {
  expect(found([{ role: 'lawyer' }])).toEqual(['T1: nobody has the role lawyer any more']);
});

it('a task whose whole role is away for long is one, and says how to start it', () => {
  const away = { worker: 'gone', 'worker-2': 'crashed' };
  expect(found([{}], away)).toEqual(['T1: no agent of worker is at work']);
  expect(deadlocks(boardOf([{}], away), org, START + 10 * MINUTE)[0]?.next).toContain('headcount up --roles worker');
  expect(found([{}], away, org, START + MINUTE)).toEqual([]);
  expect(found([{}], { worker: 'gone' })).toEqual([]);
});

it('a review asked of a role that reviews no more is one', () => {
  const waits = { status: 'waiting', reason: 'waits for review of pull 3 by qa', pull: 3 } as const;
  expect(found([waits], {}, orgOf())).toEqual(['T1: pull 3 waits for a review by qa, who does not review any more']);
});

it('an input that will never be is one', () => {
  const blocked: Partial<Task> = { id: 'T2', status: 'blocked', dependsOn: ['T1'] };
  expect(found([{ status: 'abandoned' }, blocked])).toEqual(['T2: it needs T1, which was abandoned']);
  expect(found([{ status: 'working' }, blocked])).toEqual([]);
});

it('an escalation that nobody can hear is one', () => {
  expect(found([{ status: 'escalated' }], { hr: 'gone' })).toEqual([
    'T1: it is escalated, and nobody who staffs the company is at work',
  ]);
});

it('the supervisor tells of a deadlock once, and when it is over', async () => {
  const company = await startCompany({ org });
  await company.order({ key: 'a', role: 'worker' }, { key: 'b', role: 'worker', after: ['a'] });
  const without = { ...org, roles: org.roles.filter((role) => role.name !== 'worker') };
  const blockers = () => company.of('brain.blocker').map(({ data, source }) => [source, data.task, data.status]);
  const changed = company.changeOrg(without);
  await company.until(() => company.clock.now() > START + 60 * MINUTE);
  await changed;
  expect(blockers()).toEqual([['supervisor', 'T2', 'raised']]);
  expect(company.seen.company.get().blockers.T2).toBe(
    'deadlock: nobody has the role worker any more; put worker back into org.yaml, or abandon T2',
  );
  await company.changeOrg(org);
  await company.untilDone();
  await company.until(() => blockers().length > 1);
  expect(blockers().at(-1)).toEqual(['supervisor', 'T2', 'cleared']);
});

it('a company at rest publishes nothing', async () => {
  const company = await startCompany();
  await company.order('a');
  await company.untilDone();
  const before = company.bus.stream.lastSeq;
  await company.until(() => company.clock.now() > START + 24 * 60 * MINUTE);
  expect(company.bus.stream.lastSeq).toBe(before);
});
