import { beforeEach, expect, test } from 'vitest';
import { deadLetter } from '../../bus/dead.ts';
import { MemoryBus } from '../../bus/memory.ts';
import type { Message } from '../../bus/messages.ts';
import { subjects } from '../../bus/subjects.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { START } from '../../tests/fixtures/story.ts';
import { requeue } from './dead.ts';

let bus: MemoryBus;
const mailbox = subjects.tasksFor('backend');

async function bury(seq: number, message?: Message): Promise<void> {
  const dead = { consumer: 'backend', subject: mailbox, seq, reason: 'it crashed 6 agents', attempts: 7 };
  const draft = deadLetter({ ...dead, payload: JSON.stringify(message ?? 'no JSON'), ...(message ? { message } : {}) });
  await bus.publish(subjects.dead('backend'), draft);
}

beforeEach(async () => {
  // A stream that has forgotten every id by the next millisecond.
  bus = new MemoryBus('acme', new VirtualClock({ start: START }), { dedupeWindowMs: -1 });
  const data = { task: 'T1', why: 'new' } as const;
  const { seq } = await bus.publish(mailbox, { id: 'task.T1.assigned', type: 'assignment.given', source: 'cto', data });
  await bury(seq, (await bus.last(mailbox))?.message);
});

const inMailbox = () => bus.stream.messages.filter(({ subject }) => subject === mailbox).map(({ message }) => message);

test('a requeued message is published again with an id of its own, and its letter says so', async () => {
  const { letter, as, done } = await requeue(bus, 'x1', 'eva');
  expect([letter.id, as, done]).toEqual(['X1', 'task.T1.assigned.requeued.1', true]);
  expect(inMailbox().at(-1)).toMatchObject({ id: as, source: 'eva', data: { task: 'T1', why: 'requeued' } });
  const last = await bus.last(subjects.dead('backend'));
  expect(last?.message).toMatchObject({ type: 'dead.requeued', data: { seq: 1, as, by: 'eva' } });
});

test('requeued twice, it is published once, also when the stream has forgotten its ids', async () => {
  await requeue(bus, 'X1', 'eva');
  expect(await requeue(bus, 'X1', 'max')).toMatchObject({ done: false, as: 'task.T1.assigned.requeued.1' });
  expect(inMailbox()).toHaveLength(2);
});

test('a requeue that died before it marked the letter is completed, not repeated', async () => {
  const publish = bus.publish.bind(bus);
  bus.publish = (subject, draft, options) =>
    draft.type === 'dead.requeued' ? Promise.reject(new Error('gone')) : publish(subject, draft, options);
  await expect(requeue(bus, 'X1', 'eva')).rejects.toThrow('gone');
  bus.publish = publish;
  expect((await requeue(bus, 'X1', 'eva')).done).toBe(true);
  expect(inMailbox()).toHaveLength(2);
});

test('what died once more is another letter, and is put back under another id', async () => {
  await requeue(bus, 'X1', 'eva');
  const again = await bus.last(mailbox);
  await bury(again?.seq ?? 0, again?.message);
  const { as } = await requeue(bus, 'X2', 'eva');
  expect(as).toBe(`task.T1.assigned.requeued.${again?.seq}`);
});

test('a letter that does not exist is refused with the nearest', async () => {
  await expect(requeue(bus, 'X11', 'eva')).rejects.toMatchObject({
    exit: 2,
    next: 'did you mean X1? headcount dead list shows all',
  });
});

test('a message that nobody can read stays dead', async () => {
  await bury(99);
  await expect(requeue(bus, 'X2', 'eva')).rejects.toMatchObject({ code: 'NOT_REQUEUED', exit: 1 });
});
