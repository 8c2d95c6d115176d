import type { Command } from 'commander';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { latestOf, whenIn } from '../views/history.ts';
import { whyOf } from '../views/why.ts';
import { renderWhy } from '../views/why-text.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('why <task>'))
    .description('Why a task is what it is: goal, directive, attempts with their steps, review, commit, score.')
    .action((id: string, options: CompanyOptions) =>
      withCompany(options, context, async (reading) => {
        const history = await readHistory(reading.bus);
        const known = [...latestOf(history).tasks.keys()];
        // `t3` is what people type.
        const why = whyOf(history, known.find((task) => task.toLowerCase() === id.toLowerCase()) ?? id);
        if (why === undefined) throw new UsageError(`${reading.company} has no task ${id}`, 'headcount tasks');
        print(context, why, (paint) => renderWhy(why, paint, context.columns, whenIn(history)));
      }),
    );
}
