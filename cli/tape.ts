// `up --record` and `up --replay`: what the providers answer is written to a file, or read from one.

import { resolve } from 'node:path';
import type { Cassette } from '../brain/models/cassette.ts';
import { keyNameOf } from '../brain/models/open-wire.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { ModelSettings } from '../org/org.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import type { CliContext } from './context.ts';
import type { UpOptions } from './options.ts';

/** Questions that are named when a replay ends without an answer to them. */
const NAMED = 3;

/** A replay asked what nobody has recorded: what came of it is not what was recorded. */
export class ReplayLacks extends HeadcountError {
  override readonly name = 'ReplayLacks';
  constructor({ path, lacks }: Pick<Cassette, 'path' | 'lacks'>) {
    const [first, ...others] = lacks;
    const count = lacks.length === 1 ? 'one question is' : `${lacks.length} questions are`;
    const more = others.slice(0, NAMED - 1).map(({ label }) => `; ${label}`);
    const rest = lacks.length > NAMED ? `; and ${lacks.length - NAMED} more` : '';
    super(
      'REPLAY_LACKS',
      `${count} not on ${path}: ${first?.label} (${first?.told})${more.join('')}${rest}`,
      `the same again with --record instead of --replay, and the provider's key: only what is missing is asked`,
      { exit: 1 },
    );
  }
}

/**
 * Opens the cassette that the command line names; undefined when it names none.
 * Throws CassetteInvalid.
 */
export async function openTape(
  { cassette }: Pick<UpOptions, 'cassette'>,
  { models }: { readonly models: Pick<ModelSettings, 'providers'> },
  { cwd, env }: Pick<CliContext, 'cwd' | 'env'>,
): Promise<Cassette | undefined> {
  if (!cassette) return undefined;
  const { openCassette } = await import('../brain/models/cassette.ts');
  // A variable may have any name in org.yaml; here all of them hold keys.
  const keys = models.providers.flatMap((provider) => {
    const name = keyNameOf(provider);
    return name === undefined ? [] : [[`${name}_KEY`, env[name]] as const];
  });
  const { scrub } = createSecrets({ ...env, ...Object.fromEntries(keys) });
  return openCassette({ path: resolve(cwd, cassette.path), mode: cassette.mode, scrub });
}
