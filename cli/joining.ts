// What a process that joins takes over from the one that runs the company. With another pace it would write hours beside the
// others, and without the script it would know neither the product nor an answer.

import { resolve } from 'node:path';
import { readRegister } from '../actors/processes.ts';
import { RealClock } from '../bus/clock.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';
import type { UpOptions } from './options.ts';
import { readRunFile } from './run-file.ts';

/**
 * The options of a process that joins `company`, with what it was not told as the company has it. Unchanged where there is
 * nobody to ask: whoever opens the stream then says so.
 * Throws UsageError for another speed than the company's, and what opening the stream throws.
 */
export async function asTheCompany(options: UpOptions, company: string, context: CliContext): Promise<UpOptions> {
  const url = options.nats ?? (context.env.NATS_URL || readRunFile(context.cwd)?.url);
  if (url === undefined) return options;
  const bus = await openJetStreamBus({ servers: url, company, clock: new RealClock(), log: () => {} });
  try {
    const runner = (await readRegister(bus)).runner();
    if (runner === undefined) return options;
    const { speed = 1, script } = runner;
    if (options.speed !== undefined && options.speed !== speed) throw new OtherSpeed(company, speed, options.speed);
    if (options.script !== undefined || script === undefined) return { ...options, company, speed };
    return { ...options, company, speed, script: resolve((await bus.workspace()) ?? context.cwd, script) };
  } finally {
    await bus.close();
  }
}

/** A company has one time; a process of another pace cannot work in it. Exit code 2. */
class OtherSpeed extends UsageError {
  constructor(company: string, theirs: number, asked: number) {
    const runs = theirs === 1 ? 'as fast as the wall' : `${theirs} times as fast as the wall`;
    super(
      `${company} runs ${runs}, and this process would run at ${asked}`,
      'leave --speed out: it takes that of the company',
    );
  }
}
