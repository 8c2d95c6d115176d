import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seal } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { milestonesOf } from '../org/learning.ts';
import { aTask, START } from '../tests/fixtures/story.ts';
import { createBoard } from './board.ts';
import { openOffice } from './duties/fixture.ts';
import { celebrate, factOf, reached } from './milestones.ts';

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

const DAY = 86_400_000;
const NOW = START + 100 * DAY;

/** Records of a few tasks in any order, as they may come: begun, merged, ended, given up, taken up again. */
const records = fc.array(
  fc.record({
    id: fc.constantFrom('T1', 'T2', 'T3', 'T4'),
    status: fc.constantFrom<Task['status']>('ready', 'working', 'done', 'abandoned'),
    made: fc.nat(50),
    ended: fc.option(fc.integer({ min: 51, max: 90 }), { nil: undefined }),
  }),
  { maxLength: 30 },
);

it('what is counted of all tasks is what a walk over them would find, and nobody walks', async () => {
  const office = await openOffice();
  fc.assert(
    fc.property(records, (told) => {
      const board = createBoard();
      for (const [index, { id, status, made, ended }] of told.entries()) {
        const before = board.task(id);
        // A task is made once, and what is merged stays merged.
        const merged = before?.merged ?? (ended === undefined ? undefined : `c${index}`);
        const endedAt = before?.merged === undefined ? ended && START + ended * DAY : before.endedAt;
        const createdAt = before?.createdAt ?? START + made * DAY;
        const task = { ...aTask(id), status, createdAt, ...(merged && { merged, endedAt }) };
        const draft = { id: `${index}`, type: 'task.created', source: 'cto', data: { task } } as const;
        board.told(seal(subjects.task(id), draft, NOW), index + 1);
      }
      const all = board.tasks();
      const days = (at: readonly number[]) => (at.length === 0 ? 0 : Math.floor((NOW - Math.min(...at)) / DAY));
      const walkless = { ...board, tasks: () => expect.unreachable('it walks') };
      const count = (fact: Parameters<typeof factOf>[0]) =>
        factOf(fact, { board: walkless, company: office.seen.company }, NOW);
      expect({
        merged: count('merged'),
        done: count('done'),
        days: count('days'),
        sound: count('days_without_regression'),
      }).toEqual({
        merged: all.filter(({ merged }) => merged !== undefined).length,
        done: all.filter(({ status }) => status === 'done').length,
        days: days(all.map(({ createdAt }) => createdAt)),
        sound: days(all.flatMap(({ merged, endedAt }) => (merged === undefined ? [] : [endedAt ?? 0]))),
      });
    }),
  );
});
