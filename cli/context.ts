// What a command may touch of the process it runs in. Tests hand in their own; `processContext` is the real one.

import type { ExitCode } from '../bus/errors.ts';
import { wantsColour } from './output.ts';

export type CliContext = {
  /** Writes to standard output; nothing is added. After the reader has gone away (`| head`) it does nothing. */
  readonly out: (text: string) => void;
  /** Writes to standard error. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
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
  /** Aborted by the first Ctrl+C or SIGTERM: finish what is in hand, then end. */
  readonly drain: AbortSignal;
  /** Aborted by the second: end at once. */
  readonly stop: AbortSignal;
  /** The exit code of a command that did what it was asked and has bad news; what is thrown sets its own. */
  readonly setExit: (code: ExitCode | 0) => void;
};

/** The switches that any command takes, read before the command line is parsed. */
export function switchesOf(argv: readonly string[]): Pick<CliContext, 'plain' | 'json' | 'verbose'> {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return { plain: own.includes('--plain'), json: own.includes('--json'), verbose: own.includes('--verbose') };
}

const DEFAULT_COLUMNS = 80;

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
    if (error.code !== 'EPIPE') throw error;
    readerGone = true;
    drain.abort();
  };
  stdout.on('error', onWriteError);
  stderr.on('error', onWriteError);

  const onSignal = () => {
    if (drain.signal.aborted) return stop.abort();
    err('\ndraining: press Ctrl+C again to stop at once\n');
    drain.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  const isTTY = stdout.isTTY === true;
  return {
    out: write(stdout),
    err,
    env: process.env,
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
