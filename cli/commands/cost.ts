import { type Command, Option } from 'commander';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { type CostKey, costKeys, costOf, renderCost } from '../views/cost.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('cost'))
    .description('What was spent, call by call added up. What nobody settled counts with its worst case.')
    .addOption(new Option('--by <what>', 'what to add it up by').choices(costKeys).default('role'))
    .action((options: CompanyOptions & { by: CostKey }) =>
      withCompany(options, context, async ({ bus }) => {
        const cost = costOf(await readHistory(bus), options.by);
        print(context, cost, (paint) => renderCost(cost, paint, context.columns));
      }),
    );
}
