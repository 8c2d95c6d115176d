import { expect, it } from 'vitest';
import { milestonesOf } from '../org/learning.ts';
import { openOffice } from './duties/fixture.ts';
import { celebrate, reached } from './milestones.ts';

it('a milestone is said once for ever, whoever notices it', async () => {
  const office = await openOffice();
  const [milestone] = milestonesOf(['first-merge']);
  if (!milestone) throw new Error('no milestone');
  await celebrate(office.bus, [milestone], { source: 'cto', cause: 'x' });
  await celebrate(office.bus, [milestone], { source: 'qa', cause: 'y' });
  expect((await office.on('brain.milestone')).map(({ message }) => message.data)).toEqual([
    { name: 'first-merge', text: 'the first task is merged' },
  ]);
});

it('conditions hold of numbers the company was told, all of them at once', async () => {
  const office = await openOffice();
  const milestones = milestonesOf(['100-users', { name: 'both', when: 'users >= 100 and metric.signups > 3' }]);
  const names = () => reached(office.seen, { ...office.org, milestones }, office.clock.now()).map(({ name }) => name);
  expect(names()).toEqual([]);
  await office.tell('brain.metric', { id: 'm1', type: 'brain.metric', data: { name: 'users', value: 120 } });
  expect(names()).toEqual(['100-users']);
  await office.tell('brain.metric', { id: 'm2', type: 'brain.metric', data: { name: 'signups', value: 4 } });
  expect(names()).toEqual(['100-users', 'both']);
  await office.tell('brain.milestone', {
    id: 'milestone.both',
    type: 'brain.milestone',
    data: { name: 'both', text: '' },
  });
  expect(names()).toEqual(['100-users']);
});
