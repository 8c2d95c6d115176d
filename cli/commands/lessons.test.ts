// How lessons begin and end in a company that runs: by a person, by the failure that they were to prevent, by time.

import { expect, test } from 'vitest';
import { good, MINUTE, orgOf, type Running, type Script, startCompany } from '../../actors/fixture.ts';
import { retireLesson } from './lessons.ts';

const DAY = 24 * 60 * MINUTE;

/** Workers fail their first try, unless the lesson is in the brief and still true. */
const script =
  (holds: () => boolean): Script =>
  ({ purpose, prompt, attempt }) => {
    if (purpose !== 'advise') return { action: 'abandon', reason: 'no use' };
    const told = prompt.includes('no answer: that is no JSON') || /What worked/.test(prompt);
    return (told && holds()) || attempt > 1 ? { ...good, summary: 'Answered as JSON' } : 'no JSON at all';
  };

const letter = (key: string) => ({ key, title: 'Answer the letter about invoices' });

/** A company in which one letter was answered at the second try, and the lesson of that. */
async function taught(holds: () => boolean = () => true, expiresMs = 90 * DAY) {
  const org = orgOf();
  const company = await startCompany({ org: { ...org, memory: { ...org.memory, expiresMs } }, script: script(holds) });
  await company.order(letter('first'));
  await company.untilDone();
  const lesson = company.of('lesson.learned').at(-1)?.data;
  if (!lesson) throw new Error('nothing was learned');
  return { company, lesson };
}

async function next(company: Running, key: string) {
  await company.order(letter(key));
  await company.untilDone();
  const done = company.of('task.completed').at(-1);
  if (!done) throw new Error('nothing was done');
  return done.data.task;
}

test('a lesson has an owner and an end, and is in the brief of the next task of its kind', async () => {
  const { company, lesson } = await taught();
  expect(lesson).toMatchObject({ owner: 'worker', status: 'active', where: { type: 'advice', role: 'worker' } });
  expect(lesson.expiresAt - lesson.learnedAt).toBe(90 * DAY);
  expect(await next(company, 'second')).toMatchObject({ lessons: [lesson.id], failures: [] });
});

test('a lesson that a person retires is in no brief any more; retired twice, it is said once', async () => {
  const { company, lesson } = await taught();
  expect(
    await retireLesson(company.bus, lesson.id.toLowerCase(), { by: 'eva', reason: 'the form has changed' }),
  ).toMatchObject({
    done: true,
    lesson: { status: 'retired', reason: 'eva: the form has changed' },
  });
  expect(await retireLesson(company.bus, lesson.id, { by: 'max' })).toMatchObject({ done: false });
  const second = await next(company, 'second');
  expect(second.lessons ?? []).toEqual([]);
  expect(second.failures).toHaveLength(1);
  expect(company.of('lesson.retired')).toHaveLength(1);
});

test('a lesson that nobody has learned cannot be retired', async () => {
  const { company, lesson } = await taught();
  const wrong = `${lesson.id.slice(0, -1)}x`;
  await expect(retireLesson(company.bus, wrong, { by: 'eva' })).rejects.toThrow(`there is no lesson ${wrong}`);
  expect(company.of('lesson.retired')).toEqual([]);
});

test('a lesson ends when the failure comes again although it was in the brief', async () => {
  let holds = true;
  const { company, lesson } = await taught(() => holds);
  holds = false;
  const second = await next(company, 'second');
  const [ended, ...more] = company.of('lesson.retired');
  expect(more).toEqual([]);
  expect(ended?.data).toMatchObject({
    id: lesson.id,
    reason: `${second.id} failed in the same way with it in the brief`,
  });
  expect(ended?.data.evidence.at(-1)).toBe(ended?.causationid);
});

test('a lesson that has expired is in no brief', async () => {
  const { company, lesson } = await taught(() => true, DAY);
  await company.until(() => company.clock.now() > lesson.expiresAt);
  expect((await next(company, 'second')).lessons ?? []).toEqual([]);
});
