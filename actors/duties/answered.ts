// What a person's answer does to the task it is about.

import { StaleWrite } from '../../bus/errors.ts';
import type { Approval, Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { type Org, roleOf } from '../../org/org.ts';
import type { JobWork } from '../duty.ts';
import { isPermit } from '../permission.ts';
import { readableBefore, unreadableTask } from '../quarantine.ts';
import { giveTo, taskIn } from '../release.ts';
import { abandon, afresh, type HandOver, handOver } from './handover.ts';
import { typesOf } from './types.ts';

const REASSIGN = 'reassign-';

/**
 * Reads an answer: `abandon`, `retry`, `reassign-<role>`; any other option is advice, and the task starts again with it.
 * Pure.
 */
export function readAnswer(approval: Approval, task: Task, org: Org): 'abandon' | HandOver {
  const key = approval.answer ?? '';
  if (key === 'abandon' || (isPermit(approval) && key === 'refuse')) return 'abandon';
  const label = approval.options.find((option) => option.key === key)?.label ?? key;
  const by = approval.by ?? org.person;
  const text = [`${approval.question} ${label}`, approval.note ?? ''].join(' ').trim();
  const answered = { why: 'answered', reason: `${by} answered: ${label}` } as const;
  const note = approval.note === undefined ? undefined : { from: by, text: approval.note };
  if (key === 'retry') return { ...answered, guidance: note };
  const role = key.startsWith(REASSIGN) ? roleOf(org, key.slice(REASSIGN.length)) : undefined;
  if (role && typesOf(role).includes(task.type)) {
    return { ...answered, role: role.name, avoid: task.agent, guidance: note };
  }
  return { ...answered, guidance: { from: by, text } };
}

/** Why a task ends that a person refused an act of: their words. */
function refusalIn({ id, by, note }: Approval, { person }: Org): string {
  return `${by ?? person} refused it (${id})${note === undefined ? '' : `: ${note}`}`;
}

/** Carries a person's answer out, if the task still waits for it. */
export async function onAnswer(work: JobWork, approval: Approval): Promise<void> {
  const id = approval.task;
  if (id === undefined) return;
  const asked = Number(/-s(\d+)$/.exec(approval.id)?.[1]);
  if (approval.askedBy === 'supervisor' && asked > 0) return release(work, approval, id, asked);
  const { task } = await work.step('look', async () => ({ task: (await taskOf(work, id)) ?? null }));
  if (isPermit(approval) && approval.answer === 'refuse' && task?.status === 'waiting') {
    return abandon(work, task, refusalIn(approval, work.org));
  }
  if (isPermit(approval) && task?.status === 'waiting') {
    return giveTo(work.bus, task, `${approval.id}.answered`, { source: work.agent, why: 'answered' });
  }
  if (task?.status !== 'escalated') return;
  const meaning = readAnswer(approval, task, work.org);
  if (meaning === 'abandon')
    await abandon(
      work,
      task,
      isPermit(approval) ? refusalIn(approval, work.org) : (approval.note ?? 'a person decided so'),
    );
  else await handOver(work, id, meaning);
}

async function taskOf(work: JobWork, id: string): Promise<Task | undefined> {
  return (await unreadableTask(work.bus, id)) ? undefined : taskIn(await work.bus.last(subjects.task(id)));
}

/**
 * Takes a task out of quarantine as a person said, if its record is still the one they were asked about.
 * @param seq of that record
 */
async function release(work: JobWork, approval: Approval, id: string, seq: number): Promise<void> {
  const { answer, note } = approval;
  if (answer !== 'retry' && answer !== 'abandon') return;
  const { task } = await work.step('restore', () => restore(work, approval, id, seq));
  if (task === null) return;
  const by = { source: work.agent, why: 'answered' } as const;
  if (answer === 'retry') await giveTo(work.bus, task, `restored.${seq}`, by);
  else await abandon(work, task, note ?? 'a person decided so');
}

/** Writes a readable record over the one in quarantine. Null when it is no longer in quarantine. */
async function restore(work: JobWork, approval: Approval, id: string, seq: number): Promise<{ task: Task | null }> {
  const { bus, org, turn, agent, message } = work;
  const foreign = await unreadableTask(bus, id);
  if (!foreign) {
    const last = await bus.last(subjects.task(id));
    // Written by this job before a crash.
    return { task: last?.message.causationid === message.id ? (taskIn(last) ?? null) : null };
  }
  const base = foreign.seq === seq ? await readableBefore(bus, foreign, org) : undefined;
  if (!base) return { task: null };
  const reason = `${approval.by ?? org.person} answered: ${approval.answer}`;
  const fresh = afresh(base, { why: 'answered', reason }, turn.now());
  // What is given up goes through the end of every other task (handover.ts), so it is escalated until then.
  const task: Task = approval.answer === 'retry' ? fresh : { ...base, status: 'escalated', reason };
  const draft = {
    id: `task.${id}.restored.${seq}.state`,
    type: 'task.reassigned' as const,
    source: agent,
    data: { task, note: reason },
    correlationid: task.lineage,
    causationid: message.id,
  };
  try {
    await bus.publish<'task.reassigned'>(subjects.task(id), draft, { expectedLastSeq: seq });
    return { task };
  } catch (error) {
    if (error instanceof StaleWrite) return { task: null };
    throw error;
  }
}
