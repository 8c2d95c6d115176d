// When work is given up on: the task is escalated, and somebody who can decide is asked. Whoever staffs the company first,
// then a person; a message that nobody could handle ends here too, so that no task waits for an answer that cannot come.

import { signed, type Unsigned } from '../bus/drafts.ts';
import type { DataOf, Message, MessageType } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import type { AgentPolicy } from '../machines/policy.ts';
import { roleOf } from '../org/org.ts';
import { affordable, stopOf } from './budget.ts';
import { TaskJournal } from './journal.ts';
import { askAboutPlan, wasToBePlanned } from './lost-plans.ts';
import { publishOnce } from './once.ts';
import type { Ports } from './ports.ts';
import { lastOfTask, taskNow } from './release.ts';

type Asking = Pick<Ports, 'bus' | 'clock' | 'org' | 'board'>;

/** Which escalation of its task this is: each one is answered by a reassignment, or is the last. */
const timesOf = (task: Task) => task.reassigned + 1;

/** Records that a task in hand is given up on, and asks for help. Throws StaleWrite. */
export async function escalateHeld(ports: Asking, journal: TaskJournal, by: string, reason: string): Promise<void> {
  const { attempt } = journal.task;
  const tag = `a${attempt}.escalated.${timesOf(journal.task)}`;
  await journal.record('task.escalated', tag, { status: 'escalated', reason, dueAt: undefined });
  await askForHelp(ports, journal.task, by, false);
}

/** The same for a task in nobody's hands; one that has ended is left alone. Repeatable. Throws StaleWrite. */
async function escalateTask(ports: Asking, id: string, by: string, reason: string): Promise<void> {
  // One that cannot be read is asked about (quarantine.ts).
  const journal = (await lastOfTask(ports.bus, id)) && (await TaskJournal.open(ports.bus, by, id));
  if (!journal || journal.task.status === 'done' || journal.task.status === 'abandoned') return;
  if (journal.task.status === 'escalated') return askForHelp(ports, journal.task, by, true);
  await escalateHeld(ports, journal, by, reason);
}

/**
 * Tells that an escalated task is stuck and asks whoever staffs the company (org/checks.ts: somebody does); when its lineage
 * has no budget left, a person.
 * @param again true when it may have been told before a crash
 */
export async function askForHelp(ports: Asking, task: Task, by: string, again: boolean): Promise<void> {
  const n = timesOf(task);
  const reason = task.reason ?? 'no reason given';
  await say(ports, task, by, again, subjects.brain('blocker'), {
    id: `brain.blocker.${task.id}.${n}`,
    type: 'brain.blocker',
    data: { task: task.id, reason, status: 'raised' },
  });
  const spent = spentPolicy(ports, task);
  // Whoever gets it could not begin: reassigning it would go on for ever.
  if (spent) return askPerson(ports, task, by, `${reason}; its budget is used up (${limitsOf(spent)})`, false);
  const id = `hr-${task.id}-${n}`;
  await say(ports, task, by, again, subjects.hr, {
    id,
    type: 'hr.requested',
    data: { id, kind: 'reassign', task: task.id, reason, by, replyTo: subjects.answer(id) },
  });
}

/** The policy whose limits the lineage of a task has reached. */
function spentPolicy({ org, board, clock }: Asking, task: Task): AgentPolicy | undefined {
  const policy = roleOf(org(), task.role)?.policy;
  return policy && !affordable(board, task, policy, clock.now()) ? policy : undefined;
}

function limitsOf({ lineage: { attempts, cost, ms } }: AgentPolicy): string {
  return `retry.lineage in org.yaml: ${attempts} attempts, $${cost}, ${ms / 3_600_000} hours`;
}

async function say<T extends MessageType>(
  { bus }: Asking,
  task: Task,
  source: string,
  again: boolean,
  subject: string,
  said: Unsigned<T>,
): Promise<void> {
  const cause = { correlationid: task.directive ?? task.lineage, causationid: `task.${task.id}` };
  const draft = signed({ ...cause, source }, said);
  if (again) await publishOnce(bus, subject, draft, task.createdAt);
  else await bus.publish(subject, draft);
}

/**
 * @param silence true when the task may be tried again if nobody answers
 */
async function askPerson(ports: Asking, task: Task, by: string, reason: string, silence: boolean): Promise<void> {
  const title = roleOf(ports.org(), task.role)?.title ?? task.role;
  const now = ports.clock.now();
  const stop = stopOf(ports.board, task);
  const more = stop ? `, with $${stop.raise.toFixed(2)} more` : '';
  await say(ports, task, by, true, subjects.approval(`Q-${task.id}`), {
    id: `approval.Q-${task.id}.${timesOf(task)}`,
    type: 'approval.asked',
    data: {
      id: `Q-${task.id}`,
      question: `${task.id} "${task.title}" is stuck: ${reason}. What now?`,
      options: [
        { key: 'retry', label: `let ${title} try again${more}`, ...(silence ? { recommended: true } : {}) },
        { key: 'abandon', label: 'give it up' },
      ],
      askedBy: by,
      task: task.id,
      blocks: task.dependents,
      status: 'open',
      askedAt: now,
      // The task may be late already; a person has a day all the same.
      deadline: Math.max(task.deadline, now + ANSWER_MS),
    } satisfies DataOf<'approval.asked'>,
  });
}

/** How long a person has to answer at least, in ms. */
export const ANSWER_MS = 24 * 3_600_000;

/**
 * What becomes of the work behind a message that is given up on: the task of an assignment or of a review is escalated, and
 * where whoever staffs the company cannot decide, or there is no task yet, a person is asked. Repeatable. Throws StaleWrite.
 */
export async function giveUpOn(ports: Asking, message: Message, by: string, reason: string): Promise<void> {
  if (message.type === 'assignment.given') return escalateTask(ports, message.data.task, by, reason);
  if (message.type === 'review.requested') {
    return escalateTask(ports, message.data.task, by, `nobody could review pull ${message.data.pull}: ${reason}`);
  }
  if (wasToBePlanned(message)) return askAboutPlan(ports, message, by, reason);
  if (message.type !== 'hr.requested' || message.data.task === undefined) return;
  const task = await taskNow(ports.bus, message.data.task);
  if (task?.status === 'escalated') await askPerson(ports, task, by, `${message.data.reason}; ${reason}`, true);
}
