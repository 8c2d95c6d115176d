// A product's test command in the sandbox, on a copy: what the tests write, or do to their own sources, is never committed.

import { realpath } from 'node:fs/promises';
import { cleanText, oneLine, summaryOf, tailOf } from './clean.ts';
import type { Ended, Limits } from './process.ts';
import type { Sandbox } from './sandbox.ts';
import type { TestRun } from './tools.ts';

/** Two minutes, 1 GB, 1 MB of output. */
export const testLimits: Limits = { timeoutMs: 120_000, memoryBytes: 1_000_000_000, outputBytes: 1_000_000 };

const OUT_OF_MEMORY = /JavaScript heap out of memory|Cannot allocate memory|MemoryError|bad_alloc/;

/** Folders of a run as they may stand in its output. */
async function rootsOf(sandbox: Sandbox, dir: string): Promise<string[]> {
  return [...new Set([await realpath(dir), dir, sandbox.seenAs(dir)])].sort((a, b) => b.length - a.length);
}

function explain(ended: Ended, command: string, limits: Limits): Pick<TestRun, 'outcome'> & { why: string } {
  switch (ended.outcome) {
    case 'timeout':
      return { outcome: 'timeout', why: `ended after ${limits.timeoutMs / 1000} s: the tests did not finish` };
    case 'memory':
      return { outcome: 'memory', why: `ended at ${Math.round(limits.memoryBytes / 1e6)} MB of memory` };
    case 'output':
      return { outcome: 'output', why: `ended after ${limits.outputBytes} bytes of output` };
    default:
      return { outcome: 'missing', why: `${oneLine(cleanText(command))} could not be started` };
  }
}

/** Runs a command in `dir`. Throws the signal's reason when aborted. */
export async function runTests(
  sandbox: Sandbox,
  dir: string,
  argv: readonly string[],
  limits: Limits,
  signal: AbortSignal,
): Promise<TestRun> {
  signal.throwIfAborted();
  if (argv.length === 0) return { ok: false, outcome: 'missing', summary: 'the product has no test command', tail: '' };
  const roots = await rootsOf(sandbox, dir);
  const ended = await sandbox.run({ argv, dir, limits, signal });
  if (!ended) {
    const reason = oneLine(cleanText(sandbox.reason));
    return { ok: false, outcome: 'no-sandbox', summary: `not run, there is no sandbox: ${reason}`, tail: '' };
  }
  if (ended.outcome === 'aborted') throw signal.reason;
  const clean = cleanText([ended.stdout, ended.stderr].filter((text) => text.trim() !== '').join('\n'), roots);
  const tail = tailOf(clean);
  if (ended.outcome === 'ended') {
    if (ended.code !== 0 && OUT_OF_MEMORY.test(clean)) {
      return { ok: false, outcome: 'memory', summary: 'the tests ran out of memory', tail };
    }
    const ok = ended.code === 0;
    return {
      ok,
      outcome: ok ? 'passed' : 'failed',
      summary: summaryOf(clean, ended.code),
      tail,
      ...(ended.code === undefined ? {} : { code: ended.code }),
    };
  }
  const { outcome, why } = explain(ended, argv[0] ?? '', limits);
  // What was said up to the limit depends on how fast this machine is.
  return { ok: false, outcome, summary: why, tail: outcome === 'missing' ? tail : '' };
}
