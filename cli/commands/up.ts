import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { positiveNumber } from './shared.ts';

type Parsed = {
  readonly org: string;
  readonly mission?: string;
  readonly script?: string;
  readonly nats?: string;
  readonly company?: string;
  readonly inspect?: true;
  readonly speed?: number;
  readonly quiet?: true;
};

export function register(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('Start the company of an org file; it works until Ctrl+C, and goes on where it stopped the next time.')
    .option('--org <file>', 'who works here', 'org/org.yaml')
    .option('--mission <text>', 'what to work towards (default: the mission in the org file)')
    .option('--script <scenario>', 'take product, mission or backlog, and scripted answers from a scenario')
    .option('--nats <url>', 'a running NATS server (default: NATS_URL, then one of our own)')
    .option('--company <slug>', 'another name than in the org file')
    .option('--inspect', 'stream every actor to the Stately inspector')
    .option('--speed <n>', 'times as fast as the wall', positiveNumber)
    .option('--quiet', 'no timeline')
    .option('--json', 'the timeline as JSON, one message a line')
    .action(async ({ org, mission, script, nats, company, inspect, speed, quiet }: Parsed) => {
      const { runCompany } = await import('../run-company.ts');
      const options = { org, mission, script, nats, company, speed, inspect: inspect === true, quiet: quiet === true };
      context.setExit(await runCompany({ ...options, json: context.json }, context));
    });
}
