// What can be done with an escalated task: give it out afresh, or give it up. Shared by what HR decides and what people answer.

import { StaleWrite } from '../../bus/errors.ts';
import type { DataOf } from '../../bus/messages.ts';
import type { Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { JobWork } from '../duty.ts';
import { withdrawPermits } from '../permission.ts';
import { deadlineOf } from '../plan.ts';
import { abandonTask, giveTo, lastOfTask, taskIn } from '../release.ts';
import { using } from './failing.ts';

export type HandOver = {
  /** The role that gets it; the one it has when undefined. */
  readonly role?: string | undefined;
  /** An agent that must not have it again. */
  readonly avoid?: string | undefined;
  readonly why: 'reassigned' | 'answered';
  readonly reason: string;
  readonly guidance?: Task['guidance'][number] | undefined;
};

const TRIES = 3;

/** The task as it starts afresh: the first rung, and a new attempt, so that no step of the last one is taken over. */
export function afresh(task: Task, to: HandOver, now: number): Task {
  return {
    ...task,
    role: to.role ?? task.role,
    agent: undefined,
    avoid: to.avoid === undefined ? task.avoid : [...new Set([...task.avoid, to.avoid])],
    status: 'ready',
    phase: 'briefing',
    attempt: task.attempt + 1,
    rung: 1,
    waits: 0,
    excused: undefined,
    dueAt: undefined,
    reassigned: task.reassigned + 1,
    reason: to.reason,
    deadline: Math.max(task.deadline, deadlineOf(task.estimateMs, now)),
    guidance: to.guidance === undefined ? task.guidance : [...task.guidance, to.guidance],
  };
}

/** Writes the task afresh if it is still escalated. Gives what the assignment needs; null when it is not ours to give. */
async function rewrite(work: JobWork, id: string, to: HandOver): Promise<Pick<Task, 'role' | 'reassigned'> | null> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const last = await lastOfTask(work.bus, id);
    const task = taskIn(last);
    if (!last || !task) return null;
    // Written by this job before a crash.
    if (last.message.causationid === work.message.id) return { role: task.role, reassigned: task.reassigned };
    if (task.status !== 'escalated') return null;
    const next = afresh(task, to, work.turn.now());
    const draft = {
      id: `task.${id}.${to.why}.${next.reassigned}.state`,
      type: 'task.reassigned' as const,
      source: work.agent,
      data: { task: next, note: to.reason },
      correlationid: task.lineage,
      causationid: work.message.id,
    };
    try {
      await work.bus.publish<'task.reassigned'>(subjects.task(id), draft, { expectedLastSeq: last.seq });
      return { role: next.role, reassigned: next.reassigned };
    } catch (error) {
      if (!(error instanceof StaleWrite)) throw error;
    }
  }
  return null;
}

/** Gives an escalated task out again. Does nothing when it is no longer escalated. */
export async function handOver(work: JobWork, id: string, to: HandOver): Promise<void> {
  const given = await work.step('hand-over', () => rewrite(work, id, to));
  if (given === null) return;
  const lineage = work.board.task(id)?.lineage ?? id;
  const by = { source: work.agent, why: to.why };
  await giveTo(work.bus, { id, role: given.role, lineage }, `${to.why}.${given.reassigned}`, by);
  await clearBlocker(work, id, `${to.why}.${given.reassigned}`);
  await tell(
    work,
    id,
    'staffing',
    'info',
    `${id} goes to ${given.role}: ${to.reason}`,
    `${to.why}.${given.reassigned}`,
  );
}

/** Gives a task up, with what cannot go on without it. */
export async function abandon(work: JobWork, task: Task, reason: string): Promise<void> {
  const given = await work.step('abandon', () => abandonTask(work.bus, task.id, work.agent, reason));
  const others = given.filter((id) => id !== task.id);
  await closePull(work, task);
  for (const id of new Set([task.id, ...given])) await withdrawPermits(work, id, `${id} is given up`);
  await clearBlocker(work, task.id, 'abandoned');
  const summary = `${task.id} is given up: ${reason}${others.length > 0 ? `; with it ${others.join(', ')}` : ''}`;
  await tell(work, task.id, 'task', 'abandoned', summary, 'abandoned');
}

async function closePull(work: JobWork, task: Task): Promise<void> {
  if (task.pull === undefined) return;
  const { pull: number } = task;
  await work.step('close-pull', () =>
    using(async () => {
      const pull = await work.tools.forge.get(number);
      if (pull?.status === 'open') await work.tools.forge.close(pull);
      return { number };
    }),
  );
}

async function clearBlocker(work: JobWork, task: string, tag: string): Promise<void> {
  await work.publish<'brain.blocker'>(subjects.brain('blocker'), {
    id: `brain.blocker.${task}.${tag}`,
    type: 'brain.blocker',
    data: { task, reason: tag, status: 'cleared' },
  });
}

async function tell(
  work: JobWork,
  id: string,
  kind: DataOf<'report.filed'>['kind'],
  status: DataOf<'report.filed'>['status'],
  summary: string,
  tag: string,
): Promise<void> {
  const task = work.board.task(id);
  const report = `report.${id}.${tag}`;
  await work.publish<'report.filed'>(subjects.reports, {
    id: report,
    type: 'report.filed',
    data: {
      id: report,
      kind,
      by: work.agent,
      role: work.role.name,
      task: id,
      directive: task?.directive,
      status,
      summary,
      cost: kind === 'task' ? (task?.spent.cost ?? 0) : 0,
    },
  });
}

/** Answers whoever asked. */
export async function reply(
  work: JobWork,
  request: DataOf<'hr.requested'>,
  known: boolean,
  text: string,
): Promise<void> {
  if (!request.replyTo.startsWith('answer.')) return;
  await work.publish<'request.answered'>(request.replyTo, {
    id: `answer.${request.id}`,
    type: 'request.answered',
    data: { id: request.id, by: work.agent, known, text, sources: [] },
  });
}
