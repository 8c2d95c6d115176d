import { describe, expect, it } from 'vitest';
import type { Lesson } from '../../bus/learned.ts';
import { aTask } from '../../tests/fixtures/story.ts';
import {
  chooseLessons,
  LESSONS_BYTES,
  lessonId,
  lessonOf,
  lineOf,
  relevanceOf,
  retired,
  signatureOf,
} from './lessons.ts';

const now = 1_000_000;
const at = { cause: 'task.T1.completed', now, expiresMs: 1_000, owner: 'backend-1' };
const failure = { reason: 'tests: 3 passed, 1 failed: a comma stays in its field', id: 'task.T1.a1.w0.failed' };
const csv = aTask('T1', {
  title: 'Export invoices as comma separated values',
  product: 'books',
  type: 'code',
  role: 'backend',
  summary: 'Quotes around every field',
  paths: ['src/csv.js'],
});
const lesson = lessonOf(csv, failure, undefined, at);

describe('a lesson', () => {
  it('says what failed, what worked and where, and names the messages that show it', () => {
    expect(lesson).toMatchObject({
      failed: failure.reason,
      worked: 'Quotes around every field',
      where: { product: 'books', type: 'code', role: 'backend', paths: ['src/csv.js'] },
      evidence: ['task.T1.a1.w0.failed', 'task.T1.completed'],
      owner: 'backend-1',
      expiresAt: now + 1_000,
      status: 'active',
    });
    expect(lineOf(lesson)).toContain('What worked (backend-1 in src/csv.js): Quotes around every field');
  });

  it('is known again by its failure, whatever the numbers in it', () => {
    expect(signatureOf('tests: 5 passed, 12 failed: x')).toBe(signatureOf('Tests: 6 passed, 2 failed: x'));
    expect(lessonId(csv, 'a')).not.toBe(lessonId({ ...csv, product: 'shop' }, 'a'));
  });

  it('that is learned again keeps its words and learns where else it holds', () => {
    const other = aTask('T9', {
      ...csv,
      id: 'T9',
      title: 'Export suppliers',
      summary: 'Other words',
      paths: ['src/b.js'],
    });
    const again = lessonOf(other, failure, lesson, { ...at, cause: 'task.T9.completed', owner: 'backend-2' });
    expect([again.id, again.worked, again.owner]).toEqual([lesson.id, lesson.worked, 'backend-1']);
    expect(again.where.paths).toEqual(['src/csv.js', 'src/b.js']);
    expect(again.about).toContain('suppliers');
  });

  it('that was contradicted is learned anew, in new words', () => {
    const gone = retired(lesson, 'T5 failed in the same way', 'task.T5.a1.w0.failed');
    expect(gone).toMatchObject({ status: 'retired', reason: 'T5 failed in the same way' });
    expect(lessonOf({ ...csv, summary: 'Better words' }, failure, gone, at).worked).toBe('Better words');
  });
});

describe('the lessons of a brief', () => {
  const like = aTask('T2', { ...csv, id: 'T2', title: 'Export suppliers as comma separated values', failures: [] });

  it('are those that have to do with the task', () => {
    expect(chooseLessons([lesson], like, now)).toEqual([lesson]);
    expect(
      chooseLessons([lesson], aTask('T3', { ...like, title: 'Colours of the front page', description: '' }), now),
    ).toEqual([]);
  });

  it('are none of another product, none that is retired and none that has expired', () => {
    expect(relevanceOf(lesson, { ...like, product: 'shop' }, now)).toBe(0);
    expect(relevanceOf(retired(lesson, 'no', 'x'), like, now)).toBe(0);
    expect(relevanceOf(lesson, like, now + 1_000)).toBe(0);
  });

  it('have the one about the very failure of the task first', () => {
    const other: Lesson = { ...lesson, id: 'L2', signature: 'other', learnedAt: now + 1 };
    const failed = {
      ...like,
      failures: [{ attempt: 1, agent: 'a', kind: 'quality' as const, reason: failure.reason }],
    };
    expect(chooseLessons([other, lesson], failed, now).map(({ id }) => id)).toEqual([lesson.id, 'L2']);
  });

  it('fit into their budget', () => {
    const many = Array.from({ length: 20 }, (_, n) => ({
      ...lesson,
      id: `L${n}`,
      failed: 'x'.repeat(300),
      worked: 'y'.repeat(300),
    }));
    const chosen = chooseLessons(many, like, now);
    const bytes = chosen.reduce((sum, one) => sum + Buffer.byteLength(lineOf(one)) + 3, 0);
    expect(chosen.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(LESSONS_BYTES);
  });
});
