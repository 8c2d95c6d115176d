// Lessons: what failed, what worked, and where. Made from work that failed and was solved later, known again by the failure
// without its numbers, chosen for a brief by what the task is about. Pure.

import type { Lesson } from '../../bus/learned.ts';
import type { Task } from '../../bus/records.ts';

/** Bytes that the lessons of one brief may take, and how many they may be. */
export const LESSONS_BYTES = 1_500;
const MOST = 5;

/** Least relevance: a lesson of the same kind of work in the same product alone is not enough. */
const LEAST = 4;

const LONGEST = 300;
const WORDS = 40;
const PATHS = 20;

/** Short words say nothing about what a task is about. */
const SHORTEST_WORD = 4;

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim().slice(0, LONGEST);

/** A failure without its numbers: the same one again has the same signature. */
export function signatureOf(reason: string): string {
  return oneLine(reason.toLowerCase().replace(/\d+/g, '#'));
}

/** FNV-1a, as eight hexadecimal digits. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The id of the lesson about a failure: the same failure of the same kind of work is one lesson, whoever learns it. */
export function lessonId({ product, type }: Pick<Task, 'product' | 'type'>, signature: string): string {
  return `L${hashOf([product ?? '', type, signature].join('\n'))}`;
}

/** Words that say what a text is about, each once. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words.filter((word) => word.length >= SHORTEST_WORD))];
}

const aboutOf = ({ title, description }: Pick<Task, 'title' | 'description'>) => wordsOf(`${title} ${description}`);

/** A failure on the way of a task, and the message that recorded it. */
export type SolvedFailure = { readonly reason: string; readonly id: string };

/**
 * The lesson of a failure that a finished task got over.
 * @param known the lesson about this failure, when there is one: it learns where else it holds
 * @param cause id of the message that ended the task
 */
export function lessonOf(
  task: Task,
  failure: SolvedFailure,
  known: Lesson | undefined,
  at: { readonly cause: string; readonly now: number; readonly expiresMs: number; readonly owner: string },
): Lesson {
  const signature = signatureOf(failure.reason);
  const before = known?.status === 'active' ? known : undefined;
  return {
    id: lessonId(task, signature),
    failed: before?.failed ?? oneLine(failure.reason),
    worked: before?.worked ?? oneLine(task.summary ?? task.title),
    where: {
      ...(task.product === undefined ? {} : { product: task.product }),
      type: task.type,
      role: task.role,
      paths: [...new Set([...(before?.where.paths ?? []), ...(task.paths ?? [])])].slice(0, PATHS),
    },
    signature,
    about: [...new Set([...(before?.about.split(' ') ?? []), ...aboutOf(task)])].slice(-WORDS).join(' '),
    owner: before?.owner ?? at.owner,
    evidence: [...new Set([...(before?.evidence ?? []), failure.id, at.cause])].slice(-10),
    learnedAt: at.now,
    expiresAt: at.now + at.expiresMs,
    status: 'active',
  };
}

/** The same lesson, no longer believed. */
export function retired(lesson: Lesson, reason: string, evidence: string): Lesson {
  return { ...lesson, status: 'retired', reason, evidence: [...lesson.evidence, evidence].slice(-10) };
}

/** How much a lesson has to do with a task; 0 when it holds elsewhere only. */
export function relevanceOf(lesson: Lesson, task: Task, now: number): number {
  const { where, signature } = lesson;
  if (lesson.status === 'retired' || lesson.expiresAt <= now) return 0;
  if (where.product !== undefined && where.product !== task.product) return 0;
  const failed = task.failures.some(({ reason }) => signatureOf(reason) === signature);
  const text = `${task.title} ${task.description} ${task.acceptance.join(' ')}`;
  const words = new Set(wordsOf(text));
  const shared = lesson.about.split(' ').filter((word) => words.has(word)).length;
  const named = where.paths.filter((path) => text.includes(path)).length;
  const kind = (where.type === task.type ? 1 : 0) + (where.role === task.role ? 1 : 0);
  return (failed ? 10 : 0) + 3 * named + 2 * Math.min(5, shared) + kind;
}

/** The lesson as a brief tells it. */
export function lineOf({ failed, worked, owner, where }: Lesson): string {
  const paths = where.paths.length === 0 ? '' : ` in ${where.paths.slice(0, 3).join(', ')}`;
  return `${failed} What worked (${owner}${paths}): ${worked}`;
}

/** The lessons that a task's brief should have, the most relevant first, at most five and within the budget of bytes. */
export function chooseLessons(lessons: Iterable<Lesson>, task: Task, now: number): readonly Lesson[] {
  const ranked = [...lessons]
    .map((lesson) => ({ lesson, relevance: relevanceOf(lesson, task, now) }))
    .filter(({ relevance }) => relevance >= LEAST)
    .sort(
      (a, b) =>
        b.relevance - a.relevance || b.lesson.learnedAt - a.lesson.learnedAt || (a.lesson.id < b.lesson.id ? -1 : 1),
    );
  const chosen: Lesson[] = [];
  let left = LESSONS_BYTES;
  for (const { lesson } of ranked) {
    const bytes = Buffer.byteLength(lineOf(lesson)) + 3;
    if (chosen.length === MOST || bytes > left) continue;
    chosen.push(lesson);
    left -= bytes;
  }
  return chosen;
}
