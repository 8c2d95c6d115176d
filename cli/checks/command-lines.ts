// The coding command lines that can be hired: whether each is here, which version, whether its key is; and, when asked, whether it
// answers. It is asked as it would work: contained, with a home of its own, without our environment, within a time limit.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enginesInUse, enginesOf } from '../../org/engines.ts';
import type { CliSettings } from '../../org/org.ts';
import { emptyClone } from '../../tools/clone.ts';
import type { CoderName, CoderTrouble } from '../../tools/engines/coder.ts';
import { findProgram, openCoders } from '../../tools/engines/run.ts';
import { bad, type Check, type Finding, good, type Machine, versionOf } from './finding.ts';
import { orgHere } from './org.ts';
import { sandboxHere } from './sandbox.ts';

const names: readonly CoderName[] = ['claude', 'codex'];

/** The versions whose flags and events are known (docs/engines.md). */
const packages: Readonly<Record<CoderName, string>> = {
  claude: '@anthropic-ai/claude-code@2.1.330',
  codex: '@openai/codex@0.169.0',
};

/** One turn of work and one to say so. */
const TURNS = 3;

const schema = {
  type: 'object',
  properties: { status: { type: 'string', enum: ['ready'] } },
  required: ['status'],
  additionalProperties: false,
};

/** One line for each. Required is only what a role works with. */
export const checkCommandLines: Check = async (machine) => {
  const org = orgHere(machine);
  const used = org === undefined ? [] : enginesInUse(org.roles);
  const engines = org?.engines ?? enginesOf();
  const mode = org?.sandbox ?? 'required';
  return Promise.all(
    names.map((name) => checkOne({ name, settings: engines[name], used: used.includes(name), mode }, machine)),
  );
};

type Hired = {
  readonly name: CoderName;
  readonly settings: CliSettings;
  /** True when a role works with it. */
  readonly used: boolean;
  readonly mode: 'required' | 'none';
};

async function checkOne(hired: Hired, machine: Machine): Promise<Finding> {
  const { name, settings, used } = hired;
  const { command, key } = settings;
  const program = await findProgram(command, machine.env);
  if (program === undefined) {
    const what = used
      ? `a role works with it, and ${command} is not here`
      : `${command} is not here: nobody can work with it`;
    const place = `put it where org.yaml says (engines.${name}.command)`;
    return bad(name, what, command === name ? `npm install -g ${packages[name]}` : place, used);
  }
  const home = await mkdtemp(join(tmpdir(), 'headcount-doctor-'));
  try {
    const version = await versionOf(program.path, machine, home);
    if (version === undefined) {
      return bad(
        name,
        `${program.path} does not say its version: it does not start`,
        `${program.path} --version`,
        used,
      );
    }
    if (!machine.env[key]?.trim()) {
      const what = `${version}, and ${key} is not set: it works with a key, not with a login`;
      return bad(name, what, `export ${key}=... (or write it into .env)`, used);
    }
    if (!machine.live) return good(name, `${version}, with ${key}; --live asks it one question`, used);
    const trouble = await ask(hired, machine, home);
    if (trouble === undefined) return good(name, `${version}, answers`, used);
    return bad(name, `${version}: ${trouble.why}`, fixOf(trouble, hired), used);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Asks for one word as a task would be worked on; undefined when it came. */
async function ask({ name, settings, mode }: Hired, machine: Machine, dir: string): Promise<CoderTrouble | undefined> {
  const sandbox = await sandboxHere(machine, mode);
  if (sandbox === undefined)
    return { code: 'environment_failure', why: 'bubblewrap is not here, and without it nothing runs' };
  const workRoot = join(dir, 'work');
  const clone = await emptyClone(workRoot, 'doctor');
  const coders = openCoders({ workRoot, sandbox, env: machine.env });
  const { end } = await coders.run({
    name,
    clone,
    prompt: 'Change nothing. Answer with the status ready.',
    schema,
    settings: { ...settings, turns: TURNS, ms: machine.liveMs },
    // Its own time limit ends it; this is for what starts it.
    signal: AbortSignal.timeout(2 * machine.liveMs),
    heard: () => {},
    // One question: each call may cost the worst.
    priceOf: () => undefined,
  });
  return 'code' in end ? end : undefined;
}

function fixOf({ code, status }: CoderTrouble, { name, settings: { key, command, url } }: Hired): string {
  switch (code) {
    case 'missing_credentials':
      return `make another key, then: export ${key}=... (or write it into .env)`;
    case 'quota_limited':
      return 'add credit to its account, or wait; then: headcount doctor --live';
    case 'environment_failure':
      return 'headcount doctor --fetch (or: apt-get install bubblewrap)';
    case 'limit':
      return `raise engines.${name}.cost in org/org.yaml`;
    case 'timeout':
      return `look what it waits for: ${command} --version; then: headcount doctor --live`;
    default:
      // Another version of the program would meet the same provider.
      if (status === 404) return `name a model that it has: engines.${name}.model in org/org.yaml`;
      if (status !== undefined)
        return `curl -sSI ${url} (engines.${name}.url in org/org.yaml); then: headcount doctor --live`;
      return `npm install -g ${packages[name]} (the version that was tried)`;
  }
}
