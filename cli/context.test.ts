import { expect, onTestFinished, test } from 'vitest';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { Interrupted, processContext } from './context.ts';
import { reportError } from './errors.ts';

test('Ctrl+C in the middle of a download says so in a sentence, with the exit code of a shell', async () => {
  const before = process.listeners('SIGINT');
  onTestFinished(() => {
    for (const listener of process.listeners('SIGINT')) {
      if (before.includes(listener)) continue;
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    }
  });
  const { drain } = processContext(['up']);
  const download = new Promise((_, reject) => drain.addEventListener('abort', () => reject(drain.reason)));
  process.emit('SIGINT');
  const error = await download.catch((reason: unknown) => reason);
  const terminal = openTerminal(['up'], { cwd: '/' });
  expect(error).toBeInstanceOf(Interrupted);
  expect(reportError(error, terminal.context)).toBe(130);
  // What node aborts names the reason as its cause.
  expect(reportError(new Error('The operation was aborted', { cause: error }), terminal.context)).toBe(130);
  const said = 'error: interrupted before it was done\nnext:  nothing is half there: do it again when you like\n';
  expect(terminal.stderr()).toBe(said + said);
});
