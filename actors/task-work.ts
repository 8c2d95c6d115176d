// A task in hand, as the turn holds it and as its duty sees it.

import type { Delivery } from '../bus/bus.ts';
import type { Turn } from '../bus/clock.ts';
import type { Draft, MessageType } from '../bus/messages.ts';
import type { Role } from '../org/org.ts';
import type { Agent } from './agent.ts';
import { taskSections } from './brief-sections.ts';
import type { TaskDuty, TaskWork } from './duty.ts';
import type { TaskJournal } from './journal.ts';
import { recallMemory } from './memory.ts';
import { publishOnce } from './once.ts';
import type { Ports } from './ports.ts';
import { think } from './thinking.ts';

/** A wait longer than this gives the delivery back, so that the agent is free meanwhile; ms. */
export const PARK_MS = 5 * 60_000;

export type TaskTurn = {
  readonly ports: Ports;
  readonly agent: Agent;
  readonly role: Role;
  readonly duty: TaskDuty;
  readonly journal: TaskJournal;
  readonly delivery: Delivery;
  readonly turn: Turn;
  /** Aborted when the process must stop at once. */
  readonly signal: AbortSignal;
  /** Aborted when the company closes: work goes on to the end of its attempt, waits are given back. */
  readonly closing: AbortSignal;
};

/** The work as a duty sees it. */
export function taskWorkOf(t: TaskTurn): TaskWork {
  const { ports, agent, role, journal, turn, signal } = t;
  const hook = (step: string) =>
    ports.atStep?.({ agent: agent.name, task: journal.task.key, attempt: journal.task.attempt, step }, turn);
  return {
    agent: agent.name,
    role,
    get org() {
      return ports.org();
    },
    get task() {
      return journal.task;
    },
    turn,
    signal,
    bus: ports.bus,
    tools: ports.tools,
    knowledge: ports.knowledge,
    board: ports.board,
    company: ports.company,
    note: (patch) => journal.note(patch),
    step: (name, run) =>
      journal.step(name, async () => {
        await hook(name);
        return { result: await run() };
      }),
    think: async (purpose, sections, refuse) => {
      const thought = await journal.step(purpose, async () => {
        await hook(purpose);
        const memory = recallMemory(ports.board, agent.name);
        const common = taskSections(
          journal.task,
          ports.board,
          ports.company.get(),
          memory,
          ports.episodes.day(agent.name, turn.now()),
        );
        const asking = {
          agent: agent.name,
          role,
          work: journal.task.key,
          about: journal.task.key,
          attempt: journal.task.attempt,
          turn,
          signal,
        };
        return think(ports, asking, purpose, [...common, ...sections], refuse);
      });
      return thought.answer;
    },
    publish: (subject, draft) => publishFor(t, subject, draft),
  };
}

/** Publishes with the task as cause and lineage; when the task came again, only what has not been said before. */
export async function publishFor<T extends MessageType>(
  t: Pick<TaskTurn, 'ports' | 'agent' | 'journal' | 'delivery'>,
  subject: string,
  said: Omit<Draft<T>, 'source'>,
): Promise<void> {
  const { task } = t.journal;
  const cause = { correlationid: task.directive ?? task.lineage, causationid: `task.${task.id}` };
  const draft = { ...cause, source: t.agent.name, ...said } as unknown as Draft<T>;
  if (t.delivery.attempt > 1) await publishOnce(t.ports.bus, subject, draft, task.createdAt);
  else await t.ports.bus.publish(subject, draft);
}
