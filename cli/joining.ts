// What a process that joins takes over from the one that runs the company. With another pace it would write hours beside the
// others, and without the script it would know neither the product nor an answer.

import { resolve } from 'node:path';
import { duties } from '../actors/duties/registry.ts';
import { asksModels } from '../actors/duty.ts';
import { Register, readRegister } from '../actors/processes.ts';
import type { Stored } from '../bus/bus.ts';
import { RealClock } from '../bus/clock.ts';
import { HeadcountError } from '../bus/errors.ts';
import { openJetStreamBus } from '../bus/jetstream.ts';
import type { Org } from '../org/org.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';
import type { UpOptions } from './options.ts';
import { readRunFile } from './run-file.ts';
import { namedServer } from './urls.ts';

/**
 * The options of a process that joins `company`, with what it was not told as the company has it. Unchanged where there is
 * nobody to ask: whoever opens the stream then says so.
 * Throws UsageError for another speed than the company's and for a mission, and what opening the stream throws.
 */
export async function asTheCompany(options: UpOptions, company: string, context: CliContext): Promise<UpOptions> {
  if (options.mission !== undefined) {
    throw new UsageError(
      '--roles joins a company that has its mission',
      'name --mission where the company is started, or leave --roles out',
    );
  }
  const url = namedServer(options.nats, context.env) ?? readRunFile(context.cwd)?.url;
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

/**
 * Whoever cannot think takes no work for which the others can: each task would end with somebody who has no model.
 * @param roles that it would serve; undefined: all of them
 * @param past what the stream has said of processes so far
 * Throws CannotThink.
 */
export function refuseThoughtless(org: Org, roles: readonly string[] | undefined, past: readonly Stored[]): void {
  const register = new Register();
  for (const stored of past) register.told(stored);
  if (register.runner()?.thinks === false) return;
  const asking = org.roles.filter((role) => (roles?.includes(role.name) ?? true) && asksModels(role, duties));
  if (asking.length > 0)
    throw new CannotThink(
      org.company,
      asking.map(({ name }) => name),
    );
}

/** This process has no model, and would serve roles that ask one. Exit code 5. */
class CannotThink extends HeadcountError {
  override readonly name = 'CannotThink';
  constructor(company: string, roles: readonly string[]) {
    super(
      'CANNOT_THINK',
      `${company} has models and this process has none, and ${roles.join(', ')} cannot work without`,
      'set here the keys that the company runs with (ANTHROPIC_API_KEY or OPENAI_API_KEY), or join with roles that ask no model',
      { exit: 5 },
    );
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
