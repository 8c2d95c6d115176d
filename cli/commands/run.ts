import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { RunOptions } from '../options.ts';
import { positiveNumber, wholeNumber } from './shared.ts';

type Parsed = {
  readonly bus?: 'jetstream' | 'memory';
  readonly nats?: string;
  readonly seed?: number;
  readonly out?: string;
  readonly clock?: 'virtual' | 'real';
  readonly speed?: number;
  readonly inspect?: true;
  readonly keep?: true;
  readonly quiet?: true;
};

export function register(program: Command, context: CliContext): void {
  program
    .command('run <scenario>')
    .description('Run a scenario to its end and check what it expects. Exit code 1 when an expectation failed.')
    .addOption(
      new Option('--bus <bus>', 'jetstream, or memory: no server, repeatable byte for byte').choices([
        'jetstream',
        'memory',
      ]),
    )
    .option('--nats <url>', 'a running NATS server (default: NATS_URL, then one of our own)')
    .option('--seed <n>', 'decides everything that chance decides', wholeNumber(0))
    .option('--out <file>', 'export the stream when the run has ended')
    .addOption(
      new Option('--clock <clock>', 'virtual: time moves when nobody has anything to do').choices(['virtual', 'real']),
    )
    .option('--speed <n>', 'times as fast as the wall, with the real clock', positiveNumber)
    .option('--inspect', 'stream every actor to the Stately inspector')
    .option('--keep', 'server and product stay up until Ctrl+C')
    .option('--quiet', 'no timeline, only the report')
    .option('--json', 'the report as JSON')
    .action(async (scenario: string, parsed: Parsed) => {
      const options = runOptions(scenario, parsed, context);
      const { runScenario } = await import('../run-scenario.ts');
      context.setExit(await runScenario(options, context));
    });
}

/** Fills in what was not said, and refuses what contradicts itself. Throws UsageError. */
export function runOptions(scenario: string, parsed: Parsed, { json }: Pick<CliContext, 'json'>): RunOptions {
  const { bus, nats, seed, out, clock, speed } = parsed;
  if (bus === 'memory' && nats !== undefined) {
    throw new UsageError('--bus memory uses no server, and --nats names one', 'leave one of them out');
  }
  if (clock === 'virtual' && speed !== undefined) {
    throw new UsageError('--speed is for the real clock; the virtual one never waits', 'leave one of them out');
  }
  return {
    scenario,
    bus: bus ?? (nats === undefined ? undefined : 'jetstream'),
    nats,
    seed,
    out,
    clock: clock ?? (speed === undefined ? undefined : 'real'),
    speed,
    inspect: parsed.inspect === true,
    keep: parsed.keep === true,
    json,
    quiet: parsed.quiet === true,
  };
}
