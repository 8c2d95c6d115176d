import { cpus } from 'node:os';
import { type Command, Option } from 'commander';
import { type SimulatedFault, simulatedFaults } from '../../simulator/faults.ts';
import type { CliContext } from '../context.ts';
import { wholeNumber } from './shared.ts';
import { faultList, seedRange } from './sim.ts';

type Parsed = {
  readonly seeds: { readonly from: number; readonly to: number };
  readonly faults: readonly SimulatedFault[];
  readonly jobs?: number;
};

export function register(program: Command, context: CliContext): void {
  program
    .command('forecast <scenario>')
    .description(
      'What a run would cost and how long it would take, from simulated runs of it in which things go wrong.',
    )
    .addOption(
      new Option('--seeds <range>', 'which runs: 1..40, or one number')
        .argParser(seedRange)
        .default({ from: 1, to: 40 }, '1..40'),
    )
    .addOption(
      new Option('--faults <list>', `all, none, or some of: ${simulatedFaults.join(', ')}`)
        .argParser(faultList)
        .default(simulatedFaults, 'all'),
    )
    .option('--jobs <n>', 'threads (default: one a core)', wholeNumber(1))
    .option('--json', 'the result as JSON')
    .action(async (scenario: string, { seeds, faults, jobs = Math.max(1, cpus().length) }: Parsed) => {
      const { runForecast } = await import('../run-forecast.ts');
      await runForecast({ scenario, seeds, faults, jobs }, context);
    });
}
