// Reports come up here. Single ones cost no thought; when the last task of a directive has ended, the directive is summed
// up, and what org.yaml calls a milestone is celebrated when it is reached.

import { StaleWrite } from '../../bus/errors.ts';
import type { DataOf } from '../../bus/messages.ts';
import type { Task } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { JobWork, StandingDuty, Work } from '../duty.ts';
import { celebrate, reached } from '../milestones.ts';

type Directive = DataOf<'directive.issued'>;

/** True when all tasks of a directive have ended, and nobody has summed it up. */
function isRipe({ board }: Pick<Work, 'board'>, directive: string): boolean {
  if (board.openUnder(directive) > 0 || !board.state.unsummed.has(directive)) return false;
  return board.under(directive).length > 0;
}

function ripe(look: Pick<Work, 'board'>): readonly Directive[] {
  return [...look.board.state.unsummed.values()].filter(({ id }) => isRipe(look, id));
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

/** One message says all that follows, under the sequence that nobody has written: whoever comes second is refused. */
async function sumUp(work: JobWork, directive: Directive): Promise<void> {
  const tasks = work.board.under(directive.id);
  const done = tasks.filter((task) => task.status === 'done').length;
  const data = {
    id: directive.id,
    summary: summaryOf(directive, tasks),
    done,
    tasks: tasks.length,
    cost: tasks.reduce((sum, task) => sum + task.spent.cost, 0),
    achieved: done === tasks.length ? directive.goals.map((goal) => goal.id) : [],
  };
  const ended = {
    id: `directive.${directive.id}.ended`,
    type: 'brain.directive' as const,
    source: work.agent,
    data,
    correlationid: directive.id,
    causationid: work.message.id,
  };
  try {
    await work.bus.publish<'brain.directive'>(subjects.directiveEnd(directive.id), ended, { expectedLastSeq: 0 });
  } catch (error) {
    // Somebody has summed it up, and a board that lags does not know.
    if (!(error instanceof StaleWrite)) throw error;
  }
}

export const digest: StandingDuty = {
  kind: 'standing',
  name: 'digest',
  filters: [subjects.reports],
  types: ['report.filed', 'clock.ticked'],
  // A report speaks of one directive; a tick looks at all of them.
  wants: (look, message) =>
    reached(look, look.org, Date.parse(message.time)).length > 0 ||
    (message.type === 'report.filed'
      ? message.data.kind === 'task' && message.data.directive !== undefined && isRipe(look, message.data.directive)
      : ripe(look).length > 0),
  async run(work) {
    for (const directive of ripe(work)) await sumUp(work, directive);
    const { org, message, agent, bus } = work;
    await celebrate(bus, reached(work, org, Date.parse(message.time)), { source: agent, cause: message.id });
  },
};
