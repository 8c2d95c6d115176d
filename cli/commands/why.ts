import type { Command } from 'commander';
import type { Task } from '../../bus/records.ts';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { latestOf, whenIn } from '../views/history.ts';
import { renderScore, scoreView } from '../views/score.ts';
import { whyOf } from '../views/why.ts';
import { renderWhy } from '../views/why-text.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

/** Why a task has no score to explain. */
function notScored({ id, status, score }: Task): string {
  if (score !== undefined) return `${id} was scored by a version that kept no ledger`;
  return `${id} is ${status}: only what is done is scored`;
}

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('why <task>'))
    .description('Why a task is what it is: goal, directive, attempts with their steps, review, commit, score.')
    .option('--score', 'what the score is made of, and the messages that show it')
    .action((id: string, options: CompanyOptions & { readonly score?: true }) =>
      withCompany(options, context, async (reading) => {
        const history = await readHistory(reading.bus);
        const known = [...latestOf(history).tasks.keys()];
        // `t3` is what people type.
        const why = whyOf(history, known.find((task) => task.toLowerCase() === id.toLowerCase()) ?? id);
        if (why === undefined) throw new UsageError(`${reading.company} has no task ${id}`, 'headcount tasks');
        if (options.score) {
          const view = scoreView(why.task);
          if (view === undefined) throw new UsageError(notScored(why.task), `headcount why ${why.task.id}`);
          return print(context, view, (paint) => renderScore(view, paint, context.columns));
        }
        print(context, why, (paint) => renderWhy(why, paint, context.columns, whenIn(history)));
      }),
    );
}
