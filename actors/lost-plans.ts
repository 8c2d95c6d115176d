// A directive, an issue or a backlog that nobody could make tasks of. No task stands for it, so nothing but its dead letter
// would tell that it is lost: a person is asked, and what they say puts it back or gives it up.

import type { Bus } from '../bus/bus.ts';
import { signed } from '../bus/drafts.ts';
import { StaleWrite } from '../bus/errors.ts';
import type { Message } from '../bus/messages.ts';
import type { Approval } from '../bus/records.ts';
import { lettersOn, messageOf, putBack } from '../bus/requeue.ts';
import { subjects } from '../bus/subjects.ts';
import type { JobWork } from './duty.ts';
import { jobId } from './job-id.ts';
import type { Ports } from './ports.ts';

/** How long a person has to answer before it is tried again without them, in ms. */
const ANSWER_MS = 24 * 3_600_000;

/** Stands in front of the id of a message in the id of the question about it. */
const STEM = 'plan-';

const questionAbout = (messageId: string) => `Q-${jobId(`${STEM}${messageId}`)}`;

/** True for a question about what could not be planned. */
export function isAboutPlan({ id }: Pick<Approval, 'id'>): boolean {
  return id.startsWith(`Q-${STEM}`);
}

type Lost = Message<'directive.issued'> | Message<'issue.opened'> | Message<'backlog.given'>;

/** True for a message that was to become tasks. */
export function wasToBePlanned(message: Message): message is Lost {
  return message.type === 'directive.issued' || message.type === 'issue.opened' || message.type === 'backlog.given';
}

function nameOf(message: Lost): string {
  switch (message.type) {
    case 'directive.issued':
      return `directive ${message.data.id}`;
    case 'issue.opened':
      return `issue ${message.data.number} "${message.data.title}"`;
    case 'backlog.given':
      return `backlog ${message.data.id}`;
  }
}

/** Asks a person about a message that is given up on, unless they are asked already. Repeatable. */
export async function askAboutPlan(
  { bus, clock }: Pick<Ports, 'bus' | 'clock'>,
  message: Lost,
  by: string,
  reason: string,
): Promise<void> {
  const id = questionAbout(message.id);
  const last = await bus.last(subjects.approval(id));
  const before = last?.message;
  if (before?.type === 'approval.asked') return;
  const now = clock.now();
  const data: Approval = {
    id,
    question: `nobody could make tasks of ${nameOf(message)}: ${reason}. What now?`,
    options: [
      { key: 'retry', label: 'try again', recommended: true },
      { key: 'abandon', label: 'give it up' },
    ],
    askedBy: by,
    blocks: [],
    status: 'open',
    askedAt: now,
    deadline: now + ANSWER_MS,
  };
  const cause = { source: by, correlationid: message.correlationid, causationid: message.id };
  // A person may have answered before it was dead: then they are asked anew.
  const draft = signed(cause, { id: `approval.${id}.${last?.seq ?? 0}.asked`, type: 'approval.asked', data });
  try {
    await bus.publish(subjects.approval(id), draft, { expectedLastSeq: last?.seq ?? 0 });
  } catch (error) {
    // Another process has asked in this very moment.
    if (!(error instanceof StaleWrite)) throw error;
  }
}

/**
 * Carries out what a person said: `retry` puts the message back, `abandon` ends the directive that it was, so that the mission
 * gets another one. Nothing is done while the message is not dead, or not any more: then somebody has it. Repeatable.
 */
export async function onPlanAnswer(work: Pick<JobWork, 'bus' | 'agent' | 'board'>, approval: Approval): Promise<void> {
  const { bus, agent, board } = work;
  const letters = await lettersOn(bus);
  const about = letters.find(
    ({ letter: { causationid } }) => causationid !== undefined && questionAbout(causationid) === approval.id,
  );
  if (!about || about.requeuedAs !== undefined) return;
  if (approval.answer === 'retry') return void (await putBack(bus, about, agent));
  const message = await messageOf(bus, about);
  if (message?.type !== 'directive.issued') return;
  // With some of its tasks filed it ends when they have (duties/digest.ts).
  if (board.under(message.data.id).length === 0) await endUnplanned(bus, message, agent);
}

async function endUnplanned(bus: Bus, { id: cause, data }: Message<'directive.issued'>, agent: string): Promise<void> {
  const { id } = data;
  const summary = `${id}: given up, nobody could make tasks of it`;
  const said = { id, summary, done: 0, tasks: 0, cost: 0, achieved: [] };
  const draft = signed(
    { source: agent, correlationid: id, causationid: cause },
    { id: `directive.${id}.ended`, type: 'brain.directive', data: said },
  );
  try {
    await bus.publish(subjects.directiveEnd(id), draft, { expectedLastSeq: 0 });
  } catch (error) {
    // It has ended before.
    if (!(error instanceof StaleWrite)) throw error;
  }
}
