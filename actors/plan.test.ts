import { describe, expect, it } from 'vitest';
import { orgWith, planned, START } from './duties/fixture.ts';
import { checkPlan, refusePlan, renamed, taskRecords } from './plan.ts';

const org = orgWith();
const HOUR = 3_600_000;

describe('a plan', () => {
  it('without problems can be filed', () => {
    expect(checkPlan([planned('store'), planned('page', { after: ['store'] })], org)).toEqual([]);
  });

  it('whose tasks wait for each other is refused with the whole circle', () => {
    const tasks = [
      planned('a', { after: ['c'] }),
      planned('b', { after: ['a'] }),
      planned('c', { after: ['b'] }),
      planned('d'),
    ];
    expect(checkPlan(tasks, org)).toEqual(['the tasks wait for each other: a -> c -> b -> a']);
  });

  it('with a task that waits for itself is refused', () => {
    expect(checkPlan([planned('a', { after: ['a'] })], org)).toEqual(['the tasks wait for each other: a -> a']);
  });

  it('with a diamond of inputs is no circle', () => {
    const tasks = [
      planned('a'),
      planned('b', { after: ['a'] }),
      planned('c', { after: ['a'] }),
      planned('d', { after: ['b', 'c'] }),
    ];
    expect(checkPlan(tasks, org)).toEqual([]);
  });

  it('is refused naming every wrong role, type, input and key at once', () => {
    const tasks = [
      planned('a', { role: 'legal' }),
      planned('b', { role: 'hr' }),
      planned('c', { type: 'deploy', after: ['z'] }),
      planned('c'),
    ];
    expect(checkPlan(tasks, org)).toEqual([
      'two tasks have the key "c"',
      'a is for "legal", and no such role works here (backend, fullstack, devops, marketing take tasks)',
      'b is for hr, who takes no tasks',
      'c has type "deploy", and backend does code, advice',
      'c comes after "z", which is not in the plan',
    ]);
  });

  it('is refused when a task serves a goal that nobody set', () => {
    const tasks = [planned('a', { goal: 'live' }), planned('b', { goal: 'lvie' }), planned('c')];
    expect(refusePlan({ tasks }, org, ['live', 'known'])).toBe(
      'the plan cannot be filed: b serves the goal "lvie", and the goals are: live, known',
    );
  });
});

describe('the records of planned tasks', () => {
  const plan = [planned('store', { estimateMinutes: 90 }), planned('launch', { role: 'devops', after: ['store'] })];
  const place = { ids: { store: 'T4', launch: 'T5' }, org, now: START };
  const records = taskRecords(plan, { prefix: 'D1', directive: 'D1', product: 'shop' }, place);

  it('know both ends of a dependency, and wait for their inputs', () => {
    expect(records).toMatchObject([
      { id: 'T4', key: 'D1.store', status: 'ready', dependents: ['T5'], type: 'code', lineage: 'T4' },
      { id: 'T5', status: 'blocked', dependsOn: ['T4'], reason: 'waits for T4', type: 'deploy', depth: 0 },
    ]);
  });

  it('serve the goal they name, or that of the whole plan', () => {
    const two = [planned('a', { goal: 'known' }), planned('b')];
    const served = taskRecords(two, { prefix: 'D1', goal: 'live' }, { ...place, ids: {} });
    expect(served.map(({ goal }) => goal)).toEqual(['known', 'live']);
  });

  it('have four times their estimate, and four hours at least', () => {
    expect(records.map((task) => task.deadline - START)).toEqual([6 * HOUR, 4 * HOUR]);
  });

  it('of parts belong to the lineage of the whole', () => {
    const [parent] = records;
    const parts = taskRecords([planned('half')], { prefix: 'D1.store', parent }, { ...place, ids: { half: 'T4-1' } });
    expect(parts).toMatchObject([{ id: 'T4-1', parent: 'T4', lineage: 'T4', depth: 1, key: 'D1.store.half' }]);
  });

  it('name each other by their new ids when numbers change', () => {
    expect(renamed(records, { T4: 'T9' })).toMatchObject([
      { id: 'T9', lineage: 'T9', dependents: ['T5'] },
      { id: 'T5', dependsOn: ['T9'], reason: 'waits for T9' },
    ]);
  });
});
