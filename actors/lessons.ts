// Learning and unlearning, on the stream: a failure that was solved becomes a lesson, one that comes again although its
// lesson was in the brief ends it.

import { chooseLessons, lessonId, lessonOf, lineOf, retired, signatureOf } from '../brain/memory/lessons.ts';
import type { Bus } from '../bus/bus.ts';
import { StaleWrite } from '../bus/errors.ts';
import type { Lesson } from '../bus/learned.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { climbing } from '../machines/policy.ts';
import type { Board } from './board.ts';
import { failuresOf } from './deed.ts';
import type { Kept } from './learned.ts';
import type { Ports } from './ports.ts';

/** Different failures of one task that become lessons, the last ones. */
const MOST = 2;

/** Ids of the lessons that the brief of a task's next attempt should have. */
export function lessonsFor({ board, org }: Pick<Ports, 'board' | 'org'>, task: Task, now: number): string[] {
  if (!org().memory.use.includes('lessons')) return [];
  const lessons = [...board.learned.lessons.values()].map(({ is }) => is);
  return chooseLessons(lessons, task, now).map(({ id }) => id);
}

/** The lessons of an attempt, as its brief tells them. */
export function lessonLines(board: Board, { lessons = [] }: Pick<Task, 'lessons'>): readonly string[] {
  return lessons.flatMap((id) => {
    const kept = board.learned.lessons.get(id);
    return kept === undefined ? [] : [lineOf(kept.is)];
  });
}

/**
 * Makes lessons of what a finished task got over. Repeatable.
 * @param cause id of the message that ended it
 */
export async function learnFrom(ports: Ports, task: Task, owner: string, cause: string): Promise<void> {
  if (!task.failures.some(({ kind }) => climbing.includes(kind))) return;
  // What was read outside may speak in its words, and a lesson is told as our own.
  if ((task.taint ?? []).length > 0) return;
  const failures = await failuresOf(ports.bus, task.id);
  const latest = new Map(failures.map(({ id, what }) => [signatureOf(reasonIn(what)), { id, reason: reasonIn(what) }]));
  for (const [signature, failure] of [...latest].slice(-MOST)) {
    const known = ports.board.learned.lessons.get(lessonId(task, signature));
    if (known?.is.evidence.includes(cause)) continue;
    const at = { cause, now: task.endedAt ?? ports.clock.now(), expiresMs: ports.org().memory.expiresMs, owner };
    await write(ports.bus, 'lesson.learned', lessonOf(task, failure, known?.is, at), known, cause);
  }
}

/** A failure as it is shown names its kind first. */
const reasonIn = (what: string) => what.slice(what.indexOf(': ') + 2);

/**
 * Ends the lessons that were in the brief of an attempt which failed in the very way they were to prevent.
 * @param cause id of the message that recorded the failure
 */
export async function unlearn(
  ports: Pick<Ports, 'bus' | 'board'>,
  task: Task,
  reason: string,
  cause: string,
): Promise<void> {
  const signature = signatureOf(reason);
  for (const id of task.lessons ?? []) {
    const known = ports.board.learned.lessons.get(id);
    if (known?.is.status !== 'active' || known.is.signature !== signature) continue;
    const why = `${task.id} failed in the same way with it in the brief`;
    await write(ports.bus, 'lesson.retired', retired(known.is, why, cause), known, cause);
  }
}

/**
 * Ends the lessons of work that turned out to be broken.
 * @param commit that an alert names
 * @param cause id of the alert
 */
export async function unlearnFrom(ports: Pick<Ports, 'bus' | 'board'>, commit: string, cause: string): Promise<void> {
  const task = ports.board.tasks().find(({ merged }) => merged === commit);
  if (task === undefined) return;
  const taught = `task.${task.id}.completed`;
  for (const known of ports.board.learned.lessons.values()) {
    if (known.is.status !== 'active' || !known.is.evidence.includes(taught)) continue;
    await write(ports.bus, 'lesson.retired', retired(known.is, `${task.id} broke the product`, cause), known, cause);
  }
}

/** A lesson that somebody else changes at the same moment is theirs. */
async function write(
  bus: Bus,
  type: 'lesson.learned' | 'lesson.retired',
  lesson: Lesson,
  known: Kept<Lesson> | undefined,
  cause: string,
): Promise<void> {
  const draft = {
    id: `lesson.${lesson.id}.${lesson.status}.${cause}`,
    type,
    source: 'harness',
    data: lesson,
    causationid: cause,
  };
  try {
    await bus.publish(subjects.lesson(lesson.id), draft, { expectedLastSeq: known?.seq ?? 0 });
  } catch (error) {
    if (!(error instanceof StaleWrite)) throw error;
  }
}
