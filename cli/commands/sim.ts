import { cpus } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { didYouMean } from '../../org/problems.ts';
import { isSimulatedFault, type SimulatedFault, simulatedFaults } from '../../simulator/faults.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { SimOptions } from '../options.ts';
import { wholeNumber } from './shared.ts';

type Parsed = {
  readonly seeds: { readonly from: number; readonly to: number };
  readonly seed?: number;
  readonly faults: readonly SimulatedFault[];
  readonly processes?: number;
  readonly jobs?: number;
  readonly junit?: string;
  readonly found: string;
  readonly shrink: boolean;
};

const FIRST_SEEDS = { from: 1, to: 200 };
/** A year of the quiet company takes seconds; the scenario says how long it runs. */
const QUIET = 'scenarios/quiet-year.yaml';

export function register(program: Command, context: CliContext): void {
  program
    .command('sim [scenario]')
    .description(
      'Run a scenario many times in memory, with faults, and look for invariants that break. Exit code 1 when one does.',
    )
    .addOption(
      new Option('--seeds <range>', 'which runs: 1..500, or one number')
        .argParser(seedRange)
        .default(FIRST_SEEDS, '1..200'),
    )
    .option('--seed <n>', 'one run only', wholeNumber(0))
    .addOption(
      new Option('--faults <list>', `all, none, or some of: ${simulatedFaults.join(', ')}`)
        .argParser(faultList)
        .default(simulatedFaults, 'all'),
    )
    .option('--processes <n>', 'processes of the company at once (default: as the seed draws, 1 to 3)', wholeNumber(1))
    .option('--jobs <n>', 'threads (default: one a core)', wholeNumber(1))
    .option('--rest', `a year of a company at rest: ${QUIET} without faults`)
    .option('--no-shrink', 'report a failing seed as it is')
    .option('--found <folder>', 'where the scenario of a failing seed is written', 'found')
    .option('--junit <file>', 'the result as JUnit XML')
    .option('--json', 'the result as JSON')
    .action(async (scenario: string | undefined, parsed: Parsed & { rest?: true }) => {
      const options = simOptions(scenario, parsed, context);
      const { runSimulations } = await import('../run-sim.ts');
      context.setExit(await runSimulations(options, context));
    });
}

function simOptions(
  scenario: string | undefined,
  { seed, seeds, faults, jobs, rest, ...parsed }: Parsed & { rest?: true },
  { json }: CliContext,
): SimOptions {
  if (scenario === undefined && !rest) {
    throw new UsageError('no scenario was named', 'headcount sim scenarios/first-product.yaml --seeds 1..200');
  }
  const one = seed ?? (rest ? 1 : undefined);
  return {
    scenario: scenario ?? QUIET,
    seeds: one === undefined ? seeds : { from: one, to: one },
    faults: rest ? [] : faults,
    jobs: jobs ?? Math.max(1, cpus().length),
    json,
    processes: rest ? 1 : parsed.processes,
    junit: parsed.junit,
    found: parsed.found,
    shrink: parsed.shrink,
  };
}

/** `1..500` or `17`, for commander. */
export function seedRange(text: string): { from: number; to: number } {
  const match = /^(\d{1,15})(?:\.\.(\d{1,15}))?$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (!match || to < from) throw new InvalidArgumentError('Expected a range of seeds such as 1..500, or one seed.');
  return { from, to };
}

/** Names of faults, `all` or `none`, for commander. */
export function faultList(text: string): readonly SimulatedFault[] {
  if (text === 'all') return simulatedFaults;
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const word = part.trim();
    if (isSimulatedFault(word)) return word;
    if (word === 'all' || word === 'none') throw new InvalidArgumentError(`${word} stands alone.`);
    const near = didYouMean(word, [...simulatedFaults, 'all', 'none']);
    const known = near === '' ? `; there are ${simulatedFaults.join(', ')}.` : near;
    throw new InvalidArgumentError(`There is no fault ${JSON.stringify(word)}${known}`);
  });
}
