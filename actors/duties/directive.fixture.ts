// An office with a directive, for tests of standing duties.

import type { Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { message, type Office, openOffice } from './fixture.ts';
import { strategy } from './strategy.ts';

export const mission = message({ id: 'brain.mission.1', type: 'brain.mission', data: { text: 'Sell shoes' } });
export const plan = { directive: 'Open a shop', goals: [{ id: 'Open it', text: 'It is open' }], deadlineHours: 48 };

/** An office whose head has decided on the directive D1. */
export async function withDirective(options: Parameters<typeof openOffice>[0] = {}): Promise<Office> {
  const office = await openOffice({ documents: [{ source: 'a.md', text: 'Shoes come in pairs.' }], ...options });
  office.answers.strategy = [plan];
  await office.run(strategy, mission, 'ceo');
  await office.tell(subjects.brain('mission'), {
    id: 'brain.mission.1',
    type: 'brain.mission',
    data: { text: 'Sell shoes' },
  });
  return office;
}

export const lastOn = async (office: Office, filter: string) => (await office.on(filter)).at(-1)?.message;

/** Somebody else writes a task. */
export async function become(office: Office, id: string, patch: Partial<Task>): Promise<void> {
  const task = { ...(await office.task(id)), ...patch };
  const type = patch.status === 'escalated' ? 'task.escalated' : 'task.completed';
  await office.tell(subjects.task(id), { id: `task.${id}.${patch.status}.${task.attempt}`, type, data: { task } });
}

/** What a run fails with. */
export async function failureOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'failure' in error ? error.failure : error),
  );
}
