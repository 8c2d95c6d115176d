// The rungs of the ladder above a plain attempt: look it up, ask, split, hand up.

import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import type { DataOf } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { roleOf } from '../org/org.ts';
import type { Agent } from './agent.ts';
import type { TaskWork } from './duty.ts';
import { fileTasks } from './file-tasks.ts';
import { refusePlan, staffSection } from './plan.ts';
import { wakeParent } from './release.ts';
import { publishFor, type TaskTurn } from './task-work.ts';

/** How long an agent waits for an answer before it tries without one. */
const ANSWER_MS = 30 * 60_000;

function questionOf(task: Task): string {
  const last = task.failures.at(-1);
  return `${task.title}. ${last ? `It failed: ${last.reason}` : task.description}`;
}

/** Rung two: what the knowledge at hand says about the last failure, without asking anybody. */
export async function recall({ journal, ports }: TaskTurn): Promise<void> {
  const found = await journal.step('recall', async () => ({
    result: (await ports.knowledge.search(questionOf(journal.task))).slice(0, 3),
  }));
  const guidance = found.map(({ source, text }) => ({ from: source, text: text.slice(0, 800) }));
  journal.note({ guidance: [...journal.task.guidance, ...guidance] });
}

/** Rung three: the knowledge agent is asked, and its answer awaited up to a deadline. */
export async function consult(t: TaskTurn): Promise<void> {
  const { journal, ports, turn, agent, signal } = t;
  const { task } = journal;
  const id = `${task.id}-a${task.attempt}-consult`;
  const answer = await journal.step('consult', async () => {
    const deadline = turn.now() + ANSWER_MS;
    const question = questionOf(task);
    const replyTo = subjects.answer(id);
    await publishFor(t, subjects.knowledge, {
      id: `knowledge.${id}`,
      type: 'knowledge.requested',
      data: { id, question, task: task.id, attempt: task.attempt, by: agent.name, replyTo, deadline },
    });
    const reply = await turn.pause(() => awaitAnswer(ports.bus, ports.clock, replyTo, deadline, signal));
    return { result: reply ?? { id, by: 'nobody', known: false, text: 'no answer in time', sources: [] } };
  });
  const text = answer.known ? answer.text : `no answer: ${answer.text}`;
  journal.note({ guidance: [...journal.task.guidance, { from: answer.by, text }] });
}

/** The first answer on a subject, or undefined at the deadline (epoch ms). */
async function awaitAnswer(
  bus: Bus,
  clock: Clock,
  subject: string,
  deadline: number,
  signal: AbortSignal,
): Promise<DataOf<'request.answered'> | undefined> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  let tap: { close(): Promise<void> } | undefined;
  try {
    const answered = new Promise<DataOf<'request.answered'>>((resolve, reject) => {
      bus
        .tap({ filter: subject, fromSeq: 1 }, ({ message }) => {
          if (message.type === 'request.answered') resolve(message.data);
        })
        .then((opened) => {
          tap = opened;
        }, reject);
    });
    return await Promise.race([answered, clock.sleepUntil(deadline, stop).then(() => undefined)]);
  } finally {
    over.abort(new Error('answered'));
    await tap?.close();
  }
}

/** Rung four, first half: the plan of the parts, numbered and recorded. */
export async function decompose(t: TaskTurn, work: TaskWork): Promise<void> {
  t.journal.note({ phase: 'planning' });
  await work.think('split', [staffSection(work.org)], (plan) => refusePlan(plan, work.org));
}

/**
 * Rung four, second half: the parts are filed, then the parent waits on its own subject. A part that ended before the
 * parent was waiting could not wake it, so the parent looks once itself.
 */
export async function delegate(t: TaskTurn, work: TaskWork): Promise<void> {
  const { journal, ports, agent } = t;
  const { task } = journal;
  const { tasks } = await work.think('split', []);
  const { key: prefix, directive, goal, product } = task;
  const children = await fileTasks(work, tasks, { prefix, directive, goal, product, parent: task });
  const ids = children.map((child) => child.id);
  await journal.record('task.decomposed', `a${task.attempt}.decomposed`, {
    status: 'waiting',
    phase: 'verifying',
    children: ids,
    reason: `waits for ${ids.join(', ')}`,
  });
  await wakeParent(ports.bus, task.id, agent.name);
}

/** The last rung: the task is escalated, and whoever staffs the company is asked; failing that, a person. */
export async function escalate(t: TaskTurn, agent: Agent, reason: string): Promise<void> {
  const { journal, ports, turn } = t;
  const { task } = journal;
  const n = task.reassigned + 1;
  await journal.record('task.escalated', `a${task.attempt}.escalated.${n}`, { status: 'escalated', reason });
  await publishFor(t, subjects.brain('blocker'), {
    id: `brain.blocker.${task.id}.${n}`,
    type: 'brain.blocker',
    data: { task: task.id, reason, status: 'raised' },
  });
  const staffed = ports.org().roles.some((role) => role.duties.includes('staff'));
  if (!staffed) return askPerson(t, reason, turn.now());
  const id = `hr-${task.id}-${n}`;
  await publishFor(t, subjects.hr, {
    id,
    type: 'hr.requested',
    data: { id, kind: 'reassign', task: task.id, reason, by: agent.name, replyTo: subjects.answer(id) },
  });
}

async function askPerson(t: TaskTurn, reason: string, now: number): Promise<void> {
  const { task } = t.journal;
  await publishFor(t, subjects.approval(`Q-${task.id}`), {
    id: `approval.Q-${task.id}.${task.reassigned}`,
    type: 'approval.asked',
    data: {
      id: `Q-${task.id}`,
      question: `${task.id} "${task.title}" is stuck: ${reason}. What now?`,
      options: [
        {
          key: 'retry',
          label: `let ${roleOf(t.ports.org(), task.role)?.title ?? task.role} try again`,
          recommended: true,
        },
        { key: 'abandon', label: 'give it up' },
      ],
      askedBy: t.agent.name,
      task: task.id,
      blocks: task.dependents,
      status: 'open',
      askedAt: now,
      deadline: task.deadline,
    },
  });
}
