// A command-line context whose output is kept, for tests that run commands in this process.

import type { CliContext } from '../cli/context.ts';

/** @param given what differs from a plain pipe in a fresh folder */
export function captured(given: Partial<CliContext> & { readonly cwd: string }): {
  context: CliContext;
  output: () => string;
  exit: () => number;
} {
  let text = '';
  let code = 0;
  const write = (more: string) => {
    text += more;
  };
  const context: CliContext = {
    out: write,
    err: write,
    env: process.env,
    isTTY: false,
    columns: 100,
    colour: false,
    plain: true,
    json: false,
    verbose: false,
    now: Date.now,
    drain: new AbortController().signal,
    stop: new AbortController().signal,
    setExit: (next) => {
      code = next;
    },
    ...given,
  };
  return { context, output: () => text, exit: () => code };
}
