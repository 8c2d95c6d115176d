// Who may allow a privileged act: a person, in so many words, this very act. Nobody else, and no silence.

import { beforeEach, expect, it } from 'vitest';
import type { Approval } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { type Office, openOffice, planned, tick } from './duties/fixture.ts';
import type { TaskWork } from './duty.ts';
import { fileTasks } from './file-tasks.ts';
import { permission } from './permission.ts';

const HEAD = 'abc1234';
const QUESTION = `permit-T1-merge-${HEAD}`;
const WAITING = `waits for founder to allow merge (${QUESTION})`;

let office: Office;
let work: TaskWork;

const asksToMerge = (head = HEAD) =>
  permission(work, { tool: 'merge', summary: 'it' }, head, { automation: 'supervised' }, async () => ({
    facts: [],
    said: [],
  }));

/** What is said of the question on its subject. */
async function say(type: 'approval.answered' | 'approval.expired', patch: Partial<Approval>): Promise<void> {
  const [asked] = await office.on(subjects.approval(QUESTION));
  if (asked?.message.type !== 'approval.asked') throw new Error('nobody was asked');
  const status = type === 'approval.answered' ? 'answered' : 'expired';
  await office.tell(asked.message.subject, {
    id: `said.${type}`,
    type,
    data: { ...asked.message.data, status, ...patch },
  });
}

beforeEach(async () => {
  office = await openOffice();
  await fileTasks(await office.jobWork(tick('setup'), 'cto'), [planned('store')], { prefix: 'D1' });
  work = await office.taskWork('T1', 'backend');
  expect(await asksToMerge()).toBe(WAITING);
});

it('a yes of the person allows this act, and no other one', async () => {
  await say('approval.answered', { answer: 'allow', by: 'founder' });
  expect(await asksToMerge()).toBeUndefined();
  expect(await asksToMerge('def5678')).toBe('waits for founder to allow merge (permit-T1-merge-def5678)');
});

it('a question whose time is over allows nothing, however often it is looked at', async () => {
  await say('approval.expired', {});
  expect([await asksToMerge(), await asksToMerge()]).toEqual([WAITING, WAITING]);
  expect(await office.on(subjects.approval(QUESTION))).toHaveLength(2);
});

it.each([
  ['whoever asks', 'approval.answered', 'backend'],
  ['another agent of the role', 'approval.answered', 'backend-2'],
  ['an agent in another process', 'approval.answered', 'qa-3@annex'],
  ['the boss', 'approval.answered', 'cto'],
  ['the top of the company', 'approval.answered', 'ceo'],
  ['nobody', 'approval.answered', undefined],
  ['the passing of time', 'approval.expired', 'nobody'],
  ['the passing of time, in the name of the person', 'approval.expired', 'founder'],
] as const)('a yes of %s is no yes', async (_, type, by) => {
  await say(type, { answer: 'allow', ...(by === undefined ? {} : { by }) });
  expect(await asksToMerge()).toBe(WAITING);
});

it('a recorded yes that is published again, for another act, allows nothing', async () => {
  await say('approval.answered', { answer: 'allow', by: 'founder' });
  const [, yes] = await office.on(subjects.approval(QUESTION));
  if (yes?.message.type !== 'approval.answered') throw new Error('nobody answered');
  const other = 'permit-T1-merge-def5678';
  await asksToMerge('def5678');
  await office.tell(subjects.approval(other), { id: 'again', type: 'approval.answered', data: yes.message.data });
  expect(await asksToMerge('def5678')).toBe(`waits for founder to allow merge (${other})`);
});
