// The entry of the command line. Imports commander and small files of this folder only; a command's own module comes with
// the command.

import { Command, CommanderError } from 'commander';
import { type CommandRow, commandTable, nameOf } from './commands/table.ts';
import { type CliContext, processContext } from './context.ts';
import { withEnvFile } from './env-file.ts';
import { reportError, UsageError } from './errors.ts';
import { typed } from './output.ts';
import { packageVersion } from './package-root.ts';

const HELP_END = `
Exit codes: 0 ok, 1 an expectation failed, 2 usage, 3 invalid file, 4 budget, 5 infrastructure,
            130 interrupted.
Start here: headcount run scenarios/first-product.yaml`;

function createProgram(context: CliContext): Command {
  return new Command('headcount')
    .description('A virtual company that runs as actors. Without a key, an account or Docker.')
    .usage('<command> [options]')
    .option('--plain', 'no colour, for pipes')
    .option('--no-color', 'no colour (NO_COLOR does the same)')
    .option('--verbose', 'the stack of an unexpected error')
    .version(packageVersion(), '-V, --version', 'the version')
    .helpOption('-h, --help', 'this text, or that of one command')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', typed(HELP_END, context.name))
    .exitOverride()
    .configureOutput({
      writeOut: context.out,
      writeErr: context.err,
      // Commander's errors are printed below, in the form of all others.
      outputError: () => {},
      getOutHelpWidth: () => context.columns,
      getErrHelpWidth: () => context.columns,
      getOutHasColors: () => context.colour,
      getErrHasColors: () => context.colour,
    });
}

/** `help tap` is `tap --help`. */
function withoutHelpWord(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
}

function wantedRow(argv: readonly string[]): CommandRow | undefined {
  const name = argv.find((word) => !word.startsWith('-'));
  return commandTable.find((row) => nameOf(row) === name);
}

/** What commander complains about, as our own error. */
function usageErrorOf(error: CommanderError, command: string | undefined): UsageError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const meant = /Did you mean (?:one of )?(.+)\?/.exec(rest.join(' '))?.[1];
  const help = command === undefined ? 'headcount --help' : `headcount ${command} --help`;
  return new UsageError(first, meant === undefined ? help : `did you mean ${meant}? ${help} lists all`);
}

/**
 * Runs one command line (without node and the script) and returns its exit code; 0 stands also when the command set
 * another one with `setExit`.
 */
export async function main(line: readonly string[], given: CliContext): Promise<number> {
  const context = sayingWhatIsTyped(given);
  const argv = withoutHelpWord(line);
  const wanted = wantedRow(argv);
  try {
    const program = createProgram(context);
    for (const row of commandTable) {
      if (row === wanted) (await row.load()).register(program, context);
      else program.command(row.usage).description(row.summary);
      program.commands.at(-1)?.helpGroup(row.group);
    }
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, context);
    if (error.exitCode === 0 || error.code === 'commander.help') return 0;
    return reportError(usageErrorOf(error, wanted && nameOf(wanted)), context);
  }
}

/** Whoever reads along on standard error finds our commands as the shell does; what a machine reads there stays as it is. */
function sayingWhatIsTyped(context: CliContext): CliContext {
  const { json, err, name } = context;
  return json ? context : { ...context, err: (text) => err(typed(text, name)) };
}

async function run(argv: readonly string[], context: CliContext): Promise<number> {
  try {
    return await main(argv, { ...context, env: withEnvFile(context.cwd, context.env) });
  } catch (error) {
    return reportError(error, context);
  }
}

/**
 * Runs the command line of this process, then ends it once everything written has gone out. For bin/headcount.js.
 * @public
 */
export async function start(): Promise<void> {
  const argv = process.argv.slice(2);
  const context = processContext(argv);
  const code = await run(argv, context);
  if (code !== 0) process.exitCode = code;
  // Ended on purpose: a handle that something forgot must not keep a command that has printed its answer.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}
