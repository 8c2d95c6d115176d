// The rungs of the ladder above a plain attempt: look it up, ask, split, hand up.

import type { Section } from '../brain/brief.ts';
import { citationOf } from '../brain/knowledge/passage.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { awaitAnswer } from './awaited.ts';
import { READ_IN } from './brief-sections.ts';
import type { TaskWork } from './duty.ts';
import { fileTasks, numbersFor } from './file-tasks.ts';
import { type Filing, refusePlan, staffSection } from './plan.ts';
import { wakeParent } from './release.ts';
import { merged, publishFor, type TaskTurn } from './task-work.ts';

/** How long an agent waits for an answer before it tries without one. */
const ANSWER_MS = 30 * 60_000;

function questionOf(task: Task): string {
  const last = task.failures.at(-1);
  return `${task.title}. ${last ? `It failed: ${last.reason}` : task.description}`;
}

/** Rung two: what the knowledge at hand says about the last failure, without asking anybody. */
export async function recall({ journal, ports }: TaskTurn): Promise<void> {
  const found = await journal.step('recall', async () => ({
    result: await ports.knowledge.search(questionOf(journal.task)),
  }));
  const guidance = found.passages
    .slice(0, 3)
    .map((passage) => ({ from: `${READ_IN}${citationOf(passage)}`, text: passage.text.slice(0, 800) }));
  journal.note({ guidance: [...journal.task.guidance, ...guidance] });
}

/** Rung three: the knowledge agent is asked, and its answer awaited up to a deadline. */
export async function consult(t: TaskTurn): Promise<void> {
  const { journal, ports, turn, agent, signal, closing } = t;
  const { task } = journal;
  const id = `${task.id}-a${task.attempt}-consult`;
  const answer = await journal.step('consult', async () => {
    // Counted from when this rung was due, as recorded: a crash does not begin the wait anew.
    const deadline = (task.dueAt ?? turn.now()) + ANSWER_MS;
    const question = questionOf(task);
    const replyTo = subjects.answer(id);
    await publishFor(t, subjects.knowledge, {
      id: `knowledge.${id}`,
      type: 'knowledge.requested',
      data: { id, question, task: task.id, attempt: task.attempt, by: agent.name, replyTo, deadline },
    });
    const stop = AbortSignal.any([signal, closing]);
    const reply = await turn.pause(() => awaitAnswer(ports.bus, ports.clock, replyTo, deadline, stop));
    return { result: reply ?? { id, by: 'nobody', known: false, text: 'no answer in time', sources: [] } };
  });
  if (answer.taint) journal.note({ taint: merged(journal.task.taint, answer.taint) });
  const text = answer.known ? answer.text : `no answer: ${answer.text}`;
  const taint = answer.taint?.length ? { taint: answer.taint } : {};
  journal.note({ guidance: [...journal.task.guidance, { from: answer.by, text, ...taint }] });
}

/** Where the parts of a task belong. */
function filingOf(task: Task): Filing {
  const { key: prefix, directive, goal, product } = task;
  return { prefix, directive, goal, product, parent: task };
}

/** The plan of the parts with their numbers: made once, recorded. */
function parts(work: TaskWork, sections: readonly Section[]) {
  return work.conclude(
    'split',
    sections,
    ({ tasks }) => numbersFor(work, tasks, filingOf(work.task)),
    (plan) => refusePlan(plan, work.org),
  );
}

/** Rung four, first half: the parts are planned. */
export async function decompose(t: TaskTurn, work: TaskWork): Promise<void> {
  t.journal.note({ phase: 'planning' });
  await parts(work, [staffSection(work.org)]);
}

/**
 * Rung four, second half: the parts are filed, then the parent waits on its own subject. A part that ended before the
 * parent was waiting could not wake it, so the parent looks once itself.
 */
export async function delegate(t: TaskTurn, work: TaskWork): Promise<void> {
  const { journal, ports, agent } = t;
  const { task } = journal;
  const { answer, concluded } = await parts(work, []);
  const children = await fileTasks(work, answer.tasks, filingOf(task), concluded);
  const ids = children.map((child) => child.id);
  await journal.record('task.decomposed', `a${task.attempt}.decomposed`, {
    status: 'waiting',
    phase: 'verifying',
    children: ids,
    reason: `waits for ${ids.join(', ')}`,
  });
  await wakeParent(ports.bus, task.id, agent.name);
}
