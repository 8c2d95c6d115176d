import { expect, test } from 'vitest';
import { morning, Story } from '../../tests/fixtures/story.ts';
import { painter } from '../output.ts';
import { costOf, renderCost } from './cost.ts';

const reserve = (story: Story, call: string, worst: number) =>
  story.say('money.calls', {
    id: `money.${call}.reserved`,
    type: 'money.reserved',
    source: 'qa',
    data: {
      call,
      worst,
      at: story.at,
      role: 'qa',
      agent: 'qa',
      teams: [],
      work: 'J1',
      about: 'D1',
      purpose: 'review',
      deadline: story.at,
      caps: {},
    },
  });

test('money is added up by task and role, and what is not certain is said', () => {
  const story = morning();
  reserve(story, 'a.t1', 1);
  reserve(story, 'b.t1', 2);
  reserve(story, 'c.t1', 4);
  const settled = { id: 'money.b.t1.settled', type: 'money.settled', source: 'qa' } as const;
  story.say('money.ends', { ...settled, data: { call: 'b.t1', cost: 2 } });
  const refunded = { id: 'money.c.t1.refunded', type: 'money.refunded', source: 'qa' } as const;
  story.say('money.ends', { ...refunded, data: { call: 'c.t1', reason: '429' } });
  const byTask = costOf(story.history, 'task');
  expect(byTask.rows.map(({ name, cost, calls }) => [name, cost, calls])).toEqual([
    ['-', 3, 2],
    ['T1', 0.04, 2],
  ]);
  expect(byTask).toMatchObject({
    cost: 3.04,
    open: { calls: 1, cost: 1 },
    estimated: { calls: 1, cost: 2 },
    refunded: 1,
  });
  expect(renderCost(costOf(story.history, 'role'), painter(false), 100)).toEqual([
    'ROLE     cost     part  calls  in     out',
    'qa       $3.00    99 %  2      0      0',
    'backend  $0.0400  1 %   2      2 000  400',
    'total $3.04 in 4 calls',
    '1 call not settled, counted at the worst case: $1.00',
    '1 call estimated, for nobody said what was used: $2.00',
    '1 call cost nothing: refused by the provider',
  ]);
});

test('nothing was spent', () => {
  expect(renderCost(costOf(new Story().history, 'day'), painter(false), 100)).toEqual(['nothing was spent']);
});
