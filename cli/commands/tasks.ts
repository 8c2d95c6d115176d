import { type Command, Option } from 'commander';
import { TaskStatus } from '../../bus/records.ts';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { renderTasks, type TaskFilter, tasksOf } from '../views/tasks.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('tasks'))
    .description('Every task, in the order of creation.')
    .addOption(new Option('--status <status>', 'only these').choices(['open', ...TaskStatus.options]))
    .option('--role <role>', 'only those of this role')
    .action((options: CompanyOptions & TaskFilter) =>
      withCompany(options, context, async ({ bus }) => {
        const rows = tasksOf(await readHistory(bus), options);
        print(context, rows, (paint) => renderTasks(rows, paint, context.columns));
      }),
    );
}
