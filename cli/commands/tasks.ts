import { type Command, Option } from 'commander';
import type { Stored } from '../../bus/bus.ts';
import { TaskStatus } from '../../bus/records.ts';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { latestOf } from '../views/history.ts';
import { renderTasks, type TaskFilter, tasksOf } from '../views/tasks.ts';
import { type CompanyOptions, didYouMean, print, readsCompany } from './shared.ts';

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('tasks'))
    .description('Every task, in the order of creation.')
    .addOption(new Option('--status <status>', 'only these').choices(['open', ...TaskStatus.options]))
    .option('--role <role>', 'only those of this role')
    .action((options: CompanyOptions & TaskFilter) =>
      withCompany(options, context, async ({ bus }) => {
        const history = await readHistory(bus);
        refuseUnknown(options.role, history);
        const rows = tasksOf(history, options);
        print(context, rows, (paint) => renderTasks(rows, paint, context.columns));
      }),
    );
}

/** A role that nobody has and no task is for. Throws UsageError. */
function refuseUnknown(role: string | undefined, history: readonly Stored[]): void {
  const { agents, tasks } = latestOf(history);
  const known = new Set([...agents.values(), ...tasks.values()].map((one) => one.role));
  if (role === undefined || known.has(role)) return;
  throw new UsageError(`nothing is known of a role ${role}`, didYouMean(role, [...known], 'headcount org'));
}
