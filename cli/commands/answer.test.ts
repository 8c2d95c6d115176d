import { beforeEach, expect, test } from 'vitest';
import { MemoryBus } from '../../bus/memory.ts';
import { subjects } from '../../bus/subjects.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { anApproval, START } from '../../tests/fixtures/story.ts';
import { answerApproval } from './answer.ts';

let bus: MemoryBus;

const ask = (id: string) =>
  bus.publish(subjects.approval('A1'), { id, type: 'approval.asked', source: 'hr', data: anApproval() });

beforeEach(async () => {
  bus = new MemoryBus('acme', new VirtualClock({ start: START }));
  await ask('approval.A1.0');
});

test('an answer is on the stream, with who gave it', async () => {
  const { won } = await answerApproval(bus, 'A1', 'B', { by: 'eva', note: 'small is fine' });
  const last = await bus.last(subjects.approval('A1'));
  expect(won).toBe(true);
  expect(last?.message).toMatchObject({
    type: 'approval.answered',
    causationid: 'approval.A1.0',
    data: { status: 'answered', answer: 'b', by: 'eva', note: 'small is fine' },
  });
});

test('of two answers at once the first wins, and both know whose it is', async () => {
  const answers = await Promise.all([
    answerApproval(bus, 'A1', 'a', { by: 'eva' }),
    answerApproval(bus, 'A1', 'b', { by: 'max' }),
  ]);
  expect(answers.map(({ won, approval }) => [won, approval.by, approval.answer])).toEqual([
    [true, 'eva', 'a'],
    [false, 'eva', 'a'],
  ]);
});

test('a later answer changes nothing', async () => {
  await answerApproval(bus, 'A1', 'a', { by: 'eva' });
  const { won, approval } = await answerApproval(bus, 'A1', 'b', { by: 'max' });
  expect([won, approval.answer, (await bus.info()).lastSeq]).toEqual([false, 'a', 2]);
});

test('a question asked again is answered again', async () => {
  await answerApproval(bus, 'A1', 'a', { by: 'eva' });
  await ask('approval.A1.1');
  expect((await answerApproval(bus, 'A1', 'b', { by: 'eva' })).won).toBe(true);
});

test('an option that does not exist is refused with those that do', async () => {
  await expect(answerApproval(bus, 'A1', 'c', { by: 'eva' })).rejects.toMatchObject({
    exit: 2,
    next: 'choose one of: a (PostgreSQL), b (SQLite)',
  });
});

test.each(['A9', 'no.question', '*'])('a question %s that does not exist is refused with the open ones', async (id) => {
  await expect(answerApproval(bus, id, 'a', { by: 'eva' })).rejects.toMatchObject({
    exit: 2,
    next: 'open: A1; headcount status shows them',
  });
});

test('a question that was withdrawn takes no answer any more, and says what is asked instead', async () => {
  const data = { ...anApproval(), status: 'withdrawn' as const, note: 'A2 is asked instead' };
  const draft = { id: 'approval.A1.withdrawn', type: 'approval.withdrawn' as const, source: 'backend', data };
  await bus.publish(subjects.approval('A1'), draft);
  const { won, approval } = await answerApproval(bus, 'A1', 'a', { by: 'eva' });
  expect([won, approval.status, approval.answer, approval.note]).toEqual([
    false,
    'withdrawn',
    undefined,
    'A2 is asked instead',
  ]);
  expect((await bus.info()).lastSeq).toBe(2);
});
