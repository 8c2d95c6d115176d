// What a person's answer does to the task it is about.

import type { Approval, Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { type Org, roleOf } from '../../org/org.ts';
import type { JobWork } from '../duty.ts';
import { taskIn } from '../release.ts';
import { abandon, type HandOver, handOver } from './handover.ts';
import { typesOf } from './types.ts';

const REASSIGN = 'reassign-';

/**
 * Reads an answer: `abandon`, `retry`, `reassign-<role>`; any other option is advice, and the task starts again with it.
 * Pure.
 */
export function readAnswer(approval: Approval, task: Task, org: Org): 'abandon' | HandOver {
  const key = approval.answer ?? '';
  if (key === 'abandon') return 'abandon';
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

/** Carries a person's answer out, if the task still waits for it. */
export async function onAnswer(work: JobWork, approval: Approval): Promise<void> {
  const id = approval.task;
  if (id === undefined) return;
  const { task } = await work.step('look', async () => ({
    task: taskIn(await work.bus.last(subjects.task(id))) ?? null,
  }));
  if (task?.status !== 'escalated') return;
  const meaning = readAnswer(approval, task, work.org);
  if (meaning === 'abandon') await abandon(work, task, approval.note ?? 'a person decided so');
  else await handOver(work, id, meaning);
}
