// What a command may touch of the process it runs in. Tests hand in their own; `processContext` is the real one.

import { type ExitCode, HeadcountError } from '../bus/errors.ts';
import { nameTyped, wantsColour } from './output.ts';

export type CliContext = {
  /** Writes to standard output; nothing is added. After the reader has gone away (`| head`) it does nothing. */
  readonly out: (text: string) => void;
  /** Writes to standard error. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What our commands are typed with where this process was started: `headcount`, `npx headcount`, `node bin/headcount.js`. */
  readonly name: string;
  /** The workspace: `.headcount/`, `products/` and `org/` are looked for here. */
  readonly cwd: string;
  /** True when standard output is a terminal. */
  readonly isTTY: boolean;
  /** Columns to write in. */
  readonly columns: number;
  readonly colour: boolean;
  /** `--plain`: no colour, no decoration; for pipes. */
  readonly plain: boolean;
  /** `--json`: one JSON value (or one a line) on standard output, and nothing else there. */
  readonly json: boolean;
  /** `--verbose`: stacks of unexpected errors. */
  readonly verbose: boolean;
  /** Wall time, epoch ms. */
  readonly now: () => number;
  /** Aborted by the first Ctrl+C or SIGTERM, and when the terminal is closed: finish what is in hand, then end. */
  readonly drain: AbortSignal;
  /** Aborted by the second: end at once. */
  readonly stop: AbortSignal;
  /** The exit code of a command that did what it was asked and has bad news; what is thrown sets its own. */
  readonly setExit: (code: ExitCode | 0) => void;
};

/** A word for whoever reads along, on standard error. With `--json` only errors are written there. */
export function note({ json, err }: Pick<CliContext, 'json' | 'err'>, line: string): void {
  if (!json) err(`${line}\n`);
}

/** The switches that any command takes, read before the command line is parsed. */
export function switchesOf(argv: readonly string[]): Pick<CliContext, 'plain' | 'json' | 'verbose'> {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return { plain: own.includes('--plain'), json: own.includes('--json'), verbose: own.includes('--verbose') };
}

/** Where no terminal says how wide it is: a pipe, a file. */
const DEFAULT_COLUMNS = 100;
const INFRASTRUCTURE = 5;
/** As a shell reports a process that was interrupted. */
const INTERRUPTED = 130;
/** Ctrl+C, or SIGTERM, while there was nothing yet that could be ended in order: a download, a check. Exit code 130. */
export class Interrupted extends HeadcountError {
  override readonly name = 'Interrupted';
  constructor() {
    super('INTERRUPTED', 'interrupted before it was done', 'nothing is half there: do it again when you like', {
      exit: INTERRUPTED,
    });
  }
}

/** How long a command that was told to stop at once may take to do so, in ms. */
const LAST_GRACE_MS = 5_000;

/** Ctrl+C: a company drains first and stops at once the second time; everything else just ends. */
function onInterrupts(
  argv: readonly string[],
  { drain, stop, err }: { drain: AbortController; stop: AbortController; err: (text: string) => void },
): void {
  const command = argv.find((word) => !word.startsWith('-'));
  const drains = command === 'run' || command === 'up';
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    if (drains && !drain.signal.aborted) {
      err('\ndraining: press Ctrl+C again to stop at once\n');
      return drain.abort(new Interrupted());
    }
    drain.abort(new Interrupted());
    stop.abort(new Interrupted());
    setTimeout(() => process.exit(INTERRUPTED), LAST_GRACE_MS).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The terminal is gone. Kernel and shell may both say so, and nobody who says it twice is in a hurry.
  process.on('SIGHUP', () => {
    if (!drain.signal.aborted) onSignal();
  });
}

/** The context of this process. Installs the signal handlers; call it once. */
export function processContext(argv: readonly string[]): CliContext {
  const drain = new AbortController();
  const stop = new AbortController();
  let readerGone = false;
  const { stdout, stderr } = process;
  const write = (stream: NodeJS.WriteStream) => (text: string) => {
    if (!readerGone) stream.write(text);
  };
  const err = write(stderr);

  // `headcount log | head`: the reader has what it wanted, so this is no error.
  const onWriteError = (error: NodeJS.ErrnoException) => {
    readerGone = true;
    drain.abort();
    if (error.code !== 'EPIPE') process.exitCode = INFRASTRUCTURE;
  };
  stdout.on('error', onWriteError);
  stderr.on('error', onWriteError);
  onInterrupts(argv, { drain, stop, err });

  const isTTY = stdout.isTTY === true;
  return {
    out: write(stdout),
    err,
    env: process.env,
    name: nameTyped({ env: process.env, script: process.argv[1], cwd: process.cwd() }),
    cwd: process.cwd(),
    isTTY,
    columns: isTTY ? Math.max(40, stdout.columns || DEFAULT_COLUMNS) : DEFAULT_COLUMNS,
    colour: wantsColour(process.env, isTTY, argv),
    ...switchesOf(argv),
    now: Date.now,
    drain: drain.signal,
    stop: stop.signal,
    setExit: (code) => {
      process.exitCode = code;
    },
  };
}
