// What every brief of a task says besides the duty's own sections: the task, where it comes from, the company, the agent's
// own last day and its lessons, what was tried before and what others said.

import type { Section } from '../brain/brief.ts';
import { outsideOf } from '../brain/knowledge/passage.ts';
import type { CompanyState } from '../brain/memory/company.ts';
import { LESSONS_BYTES } from '../brain/memory/lessons.ts';
import type { AgentMemory } from '../bus/memories.ts';
import type { Task } from '../bus/records.ts';
import type { Board } from './board.ts';

/** In front of the source of guidance that was read in a document: what stands there is data. */
export const READ_IN = 'read in ';

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function ancestry(task: Task, board: Board): string {
  const directive = task.directive === undefined ? undefined : board.state.directives.get(task.directive);
  const lines = directive
    ? [
        `Mission: ${directive.mission}`,
        `Directive ${directive.id}: ${directive.directive}`,
        ...directive.goals.map((goal) => `Goal ${goal.id}: ${goal.text}`),
      ]
    : [];
  for (let id = task.parent; id !== undefined; id = board.task(id)?.parent) {
    lines.push(`Part of ${id}: ${board.task(id)?.title ?? ''}`);
  }
  return bullets(lines);
}

function companySection(company: CompanyState): string {
  const lines = [
    company.product ? `Product: ${company.product.name}. ${company.product.description}` : '',
    company.features.length > 0 ? `Shipped: ${company.features.map((feature) => feature.title).join('; ')}` : '',
    ...Object.values(company.bugs)
      .filter((bug) => bug.status === 'open')
      .map((bug) => `Open bug: ${bug.title}`),
    ...Object.entries(company.blockers).map(([task, reason]) => `Blocked: ${task}, ${reason}`),
    ...Object.values(company.milestones).map((text) => `We celebrate: ${text}`),
  ];
  return bullets(lines.filter((line) => line !== ''));
}

/** The company, as any brief tells it. */
export function companySections(company: CompanyState): Section[] {
  return [{ name: 'The company', text: companySection(company), budget: 3_000 }];
}

type Guidance = Task['guidance'][number];

/** The last of them, one line each. */
function saidBy(guidance: readonly Guidance[]): string {
  return bullets(guidance.slice(-4).map(({ from, text }) => `${from}: ${text}`));
}

/**
 * Help that was collected, as a brief tells it. What somebody answered from documents of strangers is a stranger's word in
 * another mouth: it is fenced, and taints, like the documents.
 */
export function guidanceSections({ guidance }: Pick<Task, 'guidance'>): Section[] {
  const isRead = ({ from }: Guidance) => from.startsWith(READ_IN);
  const isOutside = ({ taint }: Guidance) => (taint ?? []).length > 0;
  const read = guidance.filter(isRead);
  const outside = guidance.filter((one) => !isRead(one) && isOutside(one));
  return [
    {
      name: 'What others said',
      text: saidBy(guidance.filter((one) => !isRead(one) && !isOutside(one))),
      budget: 3_000,
    },
    {
      name: 'What others said, from what is written outside',
      text: saidBy(outside),
      untrusted: true,
      taint: [...new Set(outside.flatMap(({ taint }) => taint ?? []))],
      budget: 3_000,
    },
    {
      name: 'What is written about it',
      text: saidBy(read),
      untrusted: true,
      taint: outsideOf(read.map(({ from }) => from.slice(READ_IN.length))),
      budget: 3_000,
    },
  ];
}

/** What an agent remembers when it begins. */
export type Remembered = {
  /** Its own events of the last 24 hours, oldest first. */
  readonly day: readonly string[];
  readonly own: AgentMemory | undefined;
  /** Lessons of the company that have to do with the task. */
  readonly lessons: readonly string[];
};

/** The common sections of a task's brief. */
export function taskSections(
  task: Task,
  board: Board,
  company: CompanyState,
  { day, own, lessons }: Remembered,
): Section[] {
  const inputs = task.dependsOn.map((id) => {
    const input = board.task(id);
    return `${id} ${input?.title ?? ''}: ${input?.summary ?? 'done'}`;
  });
  return [
    {
      name: `Task ${task.id}: ${task.title}`,
      // A section without text is left out, and with it the title.
      text: [
        task.description || task.title,
        task.acceptance.length > 0 ? `Accepted when:\n${bullets(task.acceptance)}` : '',
      ].join('\n\n'),
      budget: 6_000,
    },
    { name: 'Where it comes from', text: ancestry(task, board), budget: 2_000 },
    {
      name: 'Done before it',
      text: bullets(inputs),
      taint: task.dependsOn.flatMap((id) => board.task(id)?.taint ?? []),
      budget: 3_000,
    },
    ...companySections(company),
    { name: 'Your last 24 hours', text: bullets(day), budget: 2_000 },
    {
      name: 'What you were told about your work',
      text: bullets([...(own?.rewards ?? []), ...(own?.corrections ?? [])].slice(-6).map((note) => note.text)),
      budget: 2_000,
    },
    { name: 'What you learned', text: bullets((own?.patterns ?? []).map(({ text }) => text)), budget: 1_500 },
    { name: 'Lessons', text: bullets(lessons), budget: LESSONS_BYTES },
    {
      name: 'Tried before',
      text: bullets(
        task.failures.slice(-4).map((one) => `attempt ${one.attempt} by ${one.agent} (${one.kind}): ${one.reason}`),
      ),
      budget: 2_000,
    },
    ...guidanceSections(task),
  ];
}
