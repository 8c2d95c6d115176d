// Reports come up here. Single ones cost no thought; when the last task of a directive has ended, the directive is summed up.

import type { CompanyState } from '../../brain/memory/company.ts';
import type { DataOf } from '../../bus/messages.ts';
import type { Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { JobWork, StandingDuty, Work } from '../duty.ts';

type Directive = DataOf<'directive.issued'>;

/** The metric that says a directive was summed up: how many of its tasks were done. */
function metricOf(directive: string): string {
  return `directive.${directive}.done`;
}

/** True once a directive was summed up. */
export function directiveEnded(company: CompanyState, directive: string): boolean {
  return company.metrics[metricOf(directive)] !== undefined;
}

/** True when all tasks of a directive have ended, and nobody has summed it up. */
function isRipe({ board, company }: Pick<Work, 'board' | 'company'>, directive: string): boolean {
  if (board.openUnder(directive) > 0 || !board.state.directives.has(directive)) return false;
  return !directiveEnded(company.get(), directive) && board.under(directive).length > 0;
}

function ripe(look: Pick<Work, 'board' | 'company'>): readonly Directive[] {
  return [...look.board.state.directives.values()].filter(({ id }) => isRipe(look, id));
}

/** The sum of a directive, in words. */
export function summaryOf(directive: Directive, tasks: readonly Task[]): string {
  const done = tasks.filter((task) => task.status === 'done');
  const given = tasks.filter((task) => task.status === 'abandoned');
  const failures = tasks.reduce((sum, task) => sum + task.failures.length, 0);
  const cost = tasks.reduce((sum, task) => sum + task.spent.cost, 0);
  return [
    `${directive.id}: ${done.length} of ${tasks.length} tasks done`,
    `${failures} failed attempts`,
    `$${cost.toFixed(2)}`,
    ...(given.length > 0 ? [`given up: ${given.map((task) => task.id).join(', ')}`] : []),
  ].join(', ');
}

async function sumUp(work: JobWork, directive: Directive): Promise<void> {
  const tasks = work.board.under(directive.id);
  const done = tasks.filter((task) => task.status === 'done').length;
  const id = `directive.${directive.id}.done`;
  // Another tick may have summed it up, and a board that lags does not know.
  const since = Math.min(...tasks.map((task) => task.createdAt));
  const report = {
    id,
    type: 'report.filed' as const,
    data: {
      id,
      kind: 'directive' as const,
      by: work.agent,
      role: work.role.name,
      directive: directive.id,
      status: 'done' as const,
      summary: summaryOf(directive, tasks),
      cost: tasks.reduce((sum, task) => sum + task.spent.cost, 0),
    },
    correlationid: directive.id,
  };
  await work.publish<'report.filed'>(subjects.reports, report, since);
  if (done === tasks.length) await achieve(work, directive, since);
  // Last: only what is complete counts as summed up.
  const metric = {
    id: `${id}.metric`,
    type: 'brain.metric' as const,
    data: { name: metricOf(directive.id), value: done },
    correlationid: directive.id,
  };
  await work.publish<'brain.metric'>(subjects.brain('metric'), metric, since);
}

async function achieve(work: JobWork, directive: Directive, since: number): Promise<void> {
  for (const goal of directive.goals) {
    const achieved = {
      id: `goal.${goal.id}.${directive.id}.achieved`,
      type: 'brain.goal' as const,
      data: { ...goal, status: 'achieved' as const },
      correlationid: directive.id,
    };
    await work.publish<'brain.goal'>(subjects.brain('goal'), achieved, since);
  }
}

export const digest: StandingDuty = {
  kind: 'standing',
  name: 'digest',
  filters: [subjects.reports],
  types: ['report.filed', 'clock.ticked'],
  // A report speaks of one directive; a tick looks at all of them.
  wants: (look, message) =>
    message.type === 'report.filed'
      ? message.data.kind === 'task' && message.data.directive !== undefined && isRipe(look, message.data.directive)
      : ripe(look).length > 0,
  async run(work) {
    for (const directive of ripe(work)) await sumUp(work, directive);
  },
};
