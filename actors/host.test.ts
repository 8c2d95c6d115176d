import { describe, expect, it } from 'vitest';
import { ModelFailure, type Question } from '../brain/models/model.ts';
import { subjects } from '../bus/subjects.ts';
import { type TaskDuty, WorkFailure } from './duty.ts';
import { good, MINUTE, orgOf, START, startCompany } from './fixture.ts';

/** Throws what no chart knows, `times` times, before the step. */
function crashing(step: string, times: number, task = '*') {
  let left = times;
  return async (at: { step: string; task: string }) => {
    if (at.step !== step || (task !== '*' && !at.task.endsWith(`.${task}`)) || left === 0) return;
    left -= 1;
    throw new Error('the process of this agent is gone');
  };
}

/** Two paid steps, one after the other. */
const twoSteps: TaskDuty = {
  kind: 'task',
  name: 'advise',
  types: ['advice'],
  needs: [],
  async execute(work) {
    await work.think('advise', []);
    await work.step('second', async () => 'kept');
  },
  verify: async () => ({ evidence: [] }),
};

describe('an agent that crashes', () => {
  it('rests, comes back, and goes on after the last step that was recorded', async () => {
    const company = await startCompany({
      org: orgOf('', '{}', 1),
      duties: [twoSteps],
      atStep: crashing('second', 2),
    });
    await company.order('a');
    await company.untilDone();
    expect(company.task('T1')).toMatchObject({ status: 'done', attempt: 1, failures: [] });
    expect(company.asked).toHaveLength(1);
    const states = company
      .of('agent.changed')
      .filter(({ data }) => data.event === 'CRASHED' || data.event === 'RESTARTED');
    expect(states.map(({ data, time }) => [data.event, (Date.parse(time) - START) / 1000])).toEqual([
      ['CRASHED', 60],
      ['RESTARTED', 61],
      ['CRASHED', 61],
      ['RESTARTED', 63],
    ]);
  });

  it('does not hold up its colleague', async () => {
    const company = await startCompany({ atStep: crashing('advise', 3, 'bad') });
    await company.order('bad', 'b', 'c');
    await company.untilDone();
    expect(['T1', 'T2', 'T3'].map((id) => company.task(id).status)).toEqual(['done', 'done', 'done']);
  });
});

describe('a message that crashes everybody', () => {
  it('goes to the dead letters, its task to HR, and the others go on', async () => {
    const company = await startCompany({ atStep: crashing('advise', 100, 'bad') });
    await company.order('bad', 'fine');
    await company.untilDone();
    expect(company.task('T2').status).toBe('done');
    expect(company.task('T1')).toMatchObject({ status: 'abandoned', reason: 'no use' });
    expect(company.of('hr.requested').map(({ data }) => [data.task, data.by])).toEqual([['T1', 'supervisor']]);
    const dead = company.of('dead.lettered');
    expect(dead.map(({ data }) => data.consumer)).toEqual(['worker']);
    expect(dead[0]?.data.reason).toMatch(/^it crashed 6 agents, the last one was worker(-2)?: the process/);
    // Everybody is back at work.
    await company.until(() => ['worker', 'worker-2'].every((agent) => company.state(agent) === 'idle'));
  });

  it('is counted by its crashes, not by how often it had to wait', async () => {
    const script = (_: Question, now: number) => {
      if (now < START + 70 * MINUTE) throw new ModelFailure({ kind: 'quota', reason: 'out', until: now + 10 * MINUTE });
      return good;
    };
    const crash = crashing('advise', 1);
    const company = await startCompany({
      org: orgOf('', '{ waits: 20 }'),
      script,
      atStep: async (at, turn) => {
        if (turn.now() > START + 70 * MINUTE) await crash(at);
      },
    });
    await company.order('a');
    await company.untilDone();
    expect(company.of('agent.changed').filter(({ data }) => data.event === 'CRASHED')).toHaveLength(1);
    expect(company.of('dead.lettered')).toEqual([]);
    expect(company.task('T1').status).toBe('done');
  });

  it('that finishes a task cannot take back that it is done', async () => {
    const company = await startCompany({ org: orgOf('', '{}', 1) });
    const publish = company.bus.publish.bind(company.bus);
    company.bus.publish = (subject, draft, options) =>
      draft.type === 'report.filed'
        ? Promise.reject(new TypeError('no reports today'))
        : publish(subject, draft, options);
    await company.order('a');
    await company.until(() => company.of('dead.lettered').length > 0);
    expect(company.task('T1').status).toBe('done');
    expect(company.of('hr.requested')).toEqual([]);
  });
});

it('an agent in `avoid` does not get the task while another one works', async () => {
  const script = ({ purpose, about, agent, attempt }: Question) => {
    if (purpose === 'staff') return { action: 'reassign', role: 'worker', reason: 'fresh eyes' };
    if (about.endsWith('.hard') && attempt === 1) return { refused: agent };
    return good;
  };
  const company = await startCompany({ org: orgOf('', '{ ladder: [standard, escalate] }'), script });
  await company.order('hard', 'other', 'more', 'and-more');
  await company.untilDone();
  const started = company.of('task.started').filter(({ data }) => data.task.id === 'T1');
  expect(started.map(({ data }) => data.task.agent)).toEqual(['worker', 'worker-2']);
  expect(company.task('T1')).toMatchObject({ avoid: ['worker'], status: 'done' });
});

it('a late writer is fenced: it lets go, and whoever wrote last keeps the task', async () => {
  const company = await startCompany({ org: orgOf('', '{}', 1) });
  await company.order('a');
  await company.until(() => company.state('worker') === 'working.executing');
  const edited = { ...company.task('T1'), priority: 'high' as const };
  await company.tell(subjects.task('T1'), { id: 'edit', type: 'task.started', data: { task: edited } });
  await company.untilDone();
  expect(company.task('T1')).toMatchObject({ status: 'done', priority: 'high' });
  expect(company.log.filter((line) => line.includes('fenced: worker '))).toHaveLength(1);
  expect(company.of('task.completed')).toHaveLength(1);
});

it('a task whose role no longer does such work is escalated, not lost', async () => {
  const odd: TaskDuty = { ...twoSteps, name: 'odd', types: ['odd'] };
  const company = await startCompany({ duties: [odd] });
  await company.order('a');
  await company.untilDone();
  const task = {
    ...company.task('T1'),
    id: 'T9',
    key: 'x.y',
    lineage: 'T9',
    type: 'odd',
    status: 'ready' as const,
    attempt: 0,
  };
  await company.tell(subjects.task('T9'), { id: 'T9', type: 'task.created', data: { task } });
  await company.tell(subjects.tasksFor('worker'), {
    id: 'T9.a',
    type: 'assignment.given',
    data: { task: 'T9', why: 'new' },
  });
  await company.untilDone();
  const escalated = company.of('task.escalated').map(({ data }) => data.task);
  expect(escalated[0]).toMatchObject({
    status: 'escalated',
    reason: 'worker has no duty for a task of type odd',
  });
});

it('an assignment of a task that does not exist goes to the dead letters', async () => {
  const company = await startCompany();
  await company.tell(subjects.tasksFor('worker'), {
    id: 'x',
    type: 'assignment.given',
    data: { task: 'T7', why: 'new' },
  });
  await company.until(() => company.of('dead.lettered').length === 1);
  expect(company.of('dead.lettered')[0]?.data.reason).toBe('there is no task T7');
  expect(company.clock.now() - START).toBeLessThan(MINUTE);
});

it('giving up that fails every time is bounded like any other crash', async () => {
  const script = ({ purpose }: Question) => {
    if (purpose === 'advise') throw new ModelFailure({ kind: 'permanent', reason: 'not for me' });
    return good;
  };
  const company = await startCompany({ org: orgOf('', '{}', 1), script });
  const publish = company.bus.publish.bind(company.bus);
  let refused = 0;
  company.bus.publish = (subject, draft, options) => {
    if (draft.type !== 'task.escalated' || draft.source === 'supervisor') return publish(subject, draft, options);
    refused += 1;
    return Promise.reject(new WorkFailure({ kind: 'environment', reason: 'nobody may escalate' }));
  };
  await company.order('a');
  await company.until(() => company.of('dead.lettered').length > 0);
  expect(refused).toBe(6);
  expect(company.task('T1').status).toBe('escalated');
});

it('a backlog that is given out by two runs of its job is one backlog, also in messages', async () => {
  let crashed = false;
  const company = await startCompany({
    org: orgOf('', '{}', 1),
    dedupeWindowMs: 0,
  });
  const publish = company.bus.publish.bind(company.bus);
  company.bus.publish = async (subject, draft, options) => {
    const stored = await publish(subject, draft, options);
    if (draft.type !== 'assignment.given' || draft.data.task !== 'T2' || crashed) return stored;
    crashed = true;
    throw new Error('the process of this agent is gone');
  };
  await company.order('a', 'b', 'c');
  await company.untilDone();
  expect(crashed).toBe(true);
  const said = company.bus.stream.messages.map(({ message }) => message);
  const ids = said.filter(({ type }) => /^(task.created|task.assigned|assignment)/.test(type)).map(({ id }) => id);
  expect(ids).toHaveLength(9);
  expect(new Set(ids).size).toBe(9);
});
