// A directive or an issue becomes tasks: planned once, recorded, then filed. A backlog is a plan already.

import type { Section } from '../../brain/brief.ts';
import type { DataOf } from '../../bus/messages.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Board } from '../board.ts';
import { productMemory } from '../documents.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { fileTasks, numbersFor } from '../file-tasks.ts';
import { type Filing, refusePlan, staffSection } from '../plan.ts';
import { slugOf, using } from './failing.ts';

/** Open tasks that a planner is told of: as many as the section holds, where titles are short. */
const LISTED = 50;

/** The latest of them, for a plan repeats what was planned lately. */
export function openTasks(board: Pick<Board, 'open'>): Section {
  const open = board.open();
  const lines = open.slice(-LISTED).map((task) => `- ${task.id} (${task.role}, ${task.status}): ${task.title}`);
  if (open.length > LISTED) lines.push(`${open.length - LISTED} older ones are open too.`);
  return { name: 'Tasks already open', text: lines.join('\n') };
}

/** Asks for a plan and files it. A plan that cannot be filed is a broken contract, and is asked for again. */
async function plan(
  work: JobWork,
  sections: readonly Section[],
  filing: Filing,
  goals: readonly string[] = [],
): Promise<void> {
  const common = [
    ...(await using(() => productMemory(work, filing.product))),
    staffSection(work.org),
    openTasks(work.board),
  ];
  const { answer, concluded } = await work.conclude(
    'decompose',
    [...sections, ...common],
    ({ tasks }) => numbersFor(work, tasks, filing),
    (plan) => refusePlan(plan, work.org, goals),
  );
  await fileTasks(work, answer.tasks, filing, concluded);
}

async function fromDirective(work: JobWork, directive: DataOf<'directive.issued'>): Promise<void> {
  const { goals } = directive;
  work.tainted(directive.taint);
  const text = [
    `Mission: ${directive.mission}`,
    `Directive: ${directive.directive}`,
    ...goals.map((goal) => `Goal ${goal.id}: ${goal.text}`),
    ...directive.priorities.map((priority, index) => `Priority ${index + 1}: ${priority}`),
    `Deadline: ${new Date(directive.deadline).toISOString()}`,
    'Make 5 to 10 tasks, each for one role and one goal.',
  ].join('\n');
  const filing = {
    prefix: directive.id,
    directive: directive.id,
    goal: goals.length === 1 ? goals[0]?.id : undefined,
    product: directive.product ?? work.org.products[0]?.slug,
  };
  const section = { name: `Directive ${directive.id}`, text, budget: 6_000 };
  await plan(
    work,
    [section],
    filing,
    goals.map(({ id }) => id),
  );
}

async function fromIssue(work: JobWork, issue: DataOf<'issue.opened'>): Promise<void> {
  const section: Section = {
    name: `Issue ${issue.number}`,
    text: `${issue.title}\n\n${issue.body}`,
    untrusted: !issue.trusted,
    taint: issue.trusted ? [] : [`issue ${issue.number} by ${slugOf(issue.author)}`],
    budget: 6_000,
  };
  const about = { name: 'What to do', text: `Plan the tasks that settle issue ${issue.number}, as few as will do.` };
  await plan(work, [about, section], { prefix: `issue-${issue.number}`, product: work.org.products[0]?.slug });
}

/** A backlog is a plan already; it is filed as it is. */
async function fromBacklog(work: JobWork, { id, product, tasks }: DataOf<'backlog.given'>): Promise<void> {
  await fileTasks(work, tasks, { prefix: id, product: product ?? work.org.products[0]?.slug });
}

export const decompose: StandingDuty = {
  kind: 'standing',
  thinks: true,
  name: 'decompose',
  filters: [subjects.directives, 'forge.issue.*'],
  types: ['directive.issued', 'backlog.given', 'issue.opened'],
  wants: (_, message) => message.type !== 'issue.opened' || message.data.status === 'open',
  async run(work) {
    const { message } = work;
    if (message.type === 'directive.issued') await fromDirective(work, message.data);
    if (message.type === 'backlog.given') await fromBacklog(work, message.data);
    if (message.type === 'issue.opened') await fromIssue(work, message.data);
  },
};
