// What a process knows of what was learned: where agents stand, lessons, decisions. Folded from the stream with the board.

import type { Decision, Lesson, Standing, StandingName } from '../bus/learned.ts';
import type { Message } from '../bus/messages.ts';
import type { StandingPolicy } from '../machines/policy.ts';

export type Kept<T> = { readonly is: T; readonly id: string; readonly seq: number };

export type Learned = {
  /** By agent, with the sequence that a next write must have seen. */
  readonly standings: ReadonlyMap<string, Kept<Standing>>;
  readonly lessons: ReadonlyMap<string, Kept<Lesson>>;
  /** By task, in the order of their merges. */
  readonly decisions: ReadonlyMap<string, Kept<Decision>>;
  /** When the last alert was raised, epoch ms; 0 when there was none. */
  readonly alertedAt: number;
};

export function createLearned(): Learned & { told(message: Message, seq: number): void } {
  const standings = new Map<string, Kept<Standing>>();
  const lessons = new Map<string, Kept<Lesson>>();
  const decisions = new Map<string, Kept<Decision>>();
  let alertedAt = 0;
  return {
    standings,
    lessons,
    decisions,
    get alertedAt() {
      return alertedAt;
    },
    told({ type, id, data, time }, seq) {
      if (type === 'alert.raised') alertedAt = Date.parse(time);
      if (type === 'standing.changed') standings.set(data.agent, { is: data, id, seq });
      else if (type === 'lesson.learned' || type === 'lesson.retired') lessons.set(data.id, { is: data, id, seq });
      else if (type === 'decision.recorded') decisions.set(data.task, { is: data, id, seq });
    },
  };
}

/**
 * Where an agent stands now: as recorded last, or where everybody starts. Whoever has served its time on the bench is on
 * probation, before anybody has written that down.
 * @param clock asked only about who is on the bench
 */
export function standingNow(
  learned: Learned,
  policy: StandingPolicy,
  agent: string,
  clock: { now(): number },
): StandingName {
  const last = learned.standings.get(agent)?.is;
  if (last === undefined) return policy.start;
  if (last.standing === 'benched' && clock.now() >= (last.until ?? Number.POSITIVE_INFINITY)) return 'probation';
  return last.standing;
}
