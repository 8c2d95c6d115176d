import { type Command, InvalidArgumentError, Option } from 'commander';
import { Token } from '../../bus/records.ts';
import type { CliContext } from '../context.ts';
import type { UpOptions } from '../options.ts';
import { positiveNumber } from './shared.ts';

type Parsed = {
  readonly org: string;
  readonly mission?: string;
  readonly repo?: string;
  readonly test?: string;
  readonly automation?: 'supervised' | 'full';
  readonly script?: string;
  readonly record?: string;
  readonly replay?: string;
  readonly nats?: string;
  readonly company?: string;
  readonly roles?: readonly string[];
  readonly name?: string;
  readonly inspect?: true;
  readonly speed?: number;
  readonly quiet?: true;
};

function roleList(text: string): readonly string[] {
  const roles = text.split(',').map((role) => role.trim());
  if (roles.some((role) => role === '')) throw new InvalidArgumentError('Expected names of roles with commas between.');
  return [...new Set(roles)];
}

function processName(text: string): string {
  if (!Token.safeParse(text).success) throw new InvalidArgumentError('Expected letters, digits, - and _, at most 64.');
  return text;
}

function cassetteOf(record: string | undefined, replay: string | undefined): UpOptions['cassette'] {
  if (record !== undefined) return { path: record, mode: 'record' };
  return replay === undefined ? undefined : { path: replay, mode: 'replay' };
}

export function register(program: Command, context: CliContext): void {
  program
    .command('up')
    .description('Start the company of an org file; it works until Ctrl+C, and goes on where it stopped the next time.')
    .option('--org <file>', 'who works here', 'org/org.yaml')
    .option('--mission <text>', 'what to work towards (default: the mission in the org file)')
    .option('--repo <path>', 'work on this git repository: cloned into products/, never changed itself')
    .option('--test <command>', 'with --repo: how it is tested (default: as its files say)')
    .addOption(
      new Option(
        '--automation <how>',
        'with --repo: whether each merge waits for your yes (default: supervised)',
      ).choices(['supervised', 'full']),
    )
    .option('--script <scenario>', 'take product, mission or backlog, and scripted answers from a scenario')
    .addOption(
      new Option('--record <cassette>', 'write down what the providers answer').conflicts(['replay', 'script']),
    )
    .addOption(new Option('--replay <cassette>', 'answer from a cassette, without a key').conflicts('script'))
    .option('--nats <url>', 'a running NATS server (default: NATS_URL, then one of our own)')
    .option('--company <slug>', 'another name than in the org file')
    .option('--roles <roles>', 'join a running company and serve only these roles (backend,frontend)', roleList)
    .option('--name <name>', 'name of this process (default: main, or the one it had before)', processName)
    .option('--inspect', 'stream every actor to the Stately inspector')
    .option('--speed <n>', 'times as fast as the wall', positiveNumber)
    .option('--quiet', 'no timeline')
    .option('--json', 'the timeline as JSON, one message a line')
    .action(
      async ({
        org,
        mission,
        repo,
        test,
        automation,
        script,
        record,
        replay,
        nats,
        company,
        roles,
        name,
        inspect,
        speed,
        quiet,
      }: Parsed) => {
        const { runCompany } = await import('../run-company.ts');
        const shown = { inspect: inspect === true, quiet: quiet === true };
        const cassette = cassetteOf(record, replay);
        const work = { mission, repo, test, automation };
        const options = { org, ...work, script, cassette, nats, company, roles, name, speed, ...shown };
        context.setExit(await runCompany({ ...options, json: context.json }, context));
      },
    );
}
