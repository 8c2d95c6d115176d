// A task in hand, as the turn holds it and as its duty sees it.

import type { Unsigned } from '../bus/drafts.ts';
import type { MessageType } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import type { StandingEffects } from '../machines/policy.ts';
import { taskSections } from './brief-sections.ts';
import { decisionsSection } from './documents.ts';
import type { TaskDuty, TaskWork } from './duty.ts';
import type { TaskJournal } from './journal.ts';
import { standingNow } from './learned.ts';
import { lessonLines } from './lessons.ts';
import { recallMemory } from './memory.ts';
import type { Ports } from './ports.ts';
import { type Held, HeldWork, publishFrom } from './work.ts';

/** A wait longer than this gives the delivery back, so that the agent is free meanwhile; ms. */
export const PARK_MS = 5 * 60_000;

export type TaskTurn = Held & {
  readonly duty: TaskDuty;
  readonly journal: TaskJournal;
  /** What goes on when the agent is free again; the delivery is settled after it. */
  readonly beside: Promise<void>[];
};

/** What the standing of an agent changes now. */
export function effectsFor(
  { board, org, clock }: Pick<Ports, 'board' | 'org' | 'clock'>,
  agent: string,
): StandingEffects {
  const policy = org().standing;
  return policy.effects[standingNow(board.learned, policy, agent, clock)];
}

/** The work as a duty sees it. */
class HeldTask extends HeldWork implements TaskWork {
  readonly standing: StandingEffects;
  readonly #journal: TaskJournal;

  constructor(t: TaskTurn) {
    const { journal, ports, agent, turn } = t;
    const standing = effectsFor(ports, agent.name);
    super(
      { ...t, role: standing.tier === undefined ? t.role : { ...t.role, tier: standing.tier } },
      {
        at: () => {
          const { task } = journal;
          const { id, key, type, attempt } = task;
          return { id, work: key, about: key, taskType: type, task, attempt };
        },
        step: (name, run, early) => journal.step(name, run, early),
        started: () => journal.started(),
        taint: () => journal.task.taint ?? [],
        addTaint: (sources) => journal.note({ taint: merged(journal.task.taint, sources) }),
        sections: () => {
          const org = ports.org();
          const { use } = org.memory;
          const sections = taskSections(journal.task, ports.board, ports.company.get(), {
            day: use.includes('day') ? ports.episodes.day(agent.name, turn.now()) : [],
            own: use.includes('rewards') ? recallMemory(ports.board, agent.name, agent.told) : undefined,
            lessons: lessonLines(ports.board, journal.task),
          });
          return [...sections, ...decisionsSection(ports.board, org, journal.task.product)];
        },
        cause: () => causeOf(journal.task),
      },
    );
    this.#journal = journal;
    this.standing = effectsFor(ports, journal.task.agent ?? agent.name);
  }

  get task(): Task {
    return this.#journal.task;
  }

  note(patch: Partial<Task>): void {
    this.#journal.note(patch);
  }
}

/** Taint as a record keeps it: each source once, the first twenty. */
export function merged(taint: Task['taint'], sources: readonly string[]): NonNullable<Task['taint']> {
  return [...new Set([...(taint ?? []), ...sources])].slice(0, 20);
}

export function taskWorkOf(t: TaskTurn): TaskWork {
  return new HeldTask(t);
}

function causeOf(task: Task) {
  return {
    correlationid: task.directive ?? task.lineage,
    causationid: `task.${task.id}`,
    since: task.createdAt,
  };
}

/** Publishes with the task as cause and lineage. */
export function publishFor<T extends MessageType>(
  t: Pick<TaskTurn, 'ports' | 'agent' | 'journal' | 'delivery'>,
  subject: string,
  said: Unsigned<T>,
): Promise<void> {
  return publishFrom(t, causeOf(t.journal.task), subject, said);
}
