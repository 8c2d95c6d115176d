// Whether what a model wrote can run here.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCacheDir } from '../../bus/server/cache.ts';
import { debianDir } from '../../bus/server/debian.ts';
import type { Sandbox } from '../../tools/sandbox.ts';
import { bad, type Finding, good, type Machine, versionOf } from './finding.ts';

/** Releases of Debian that the sandbox fetches from. */
const BWRAP_SUITES = ['bookworm', 'trixie'];

/**
 * The sandbox of this machine, tried; looks for bubblewrap only where it is, unless told to fetch.
 * @param mode what org.yaml says
 * @returns undefined when it would have to be fetched
 */
export async function sandboxHere(machine: Machine, mode: 'required' | 'none'): Promise<Sandbox | undefined> {
  const cacheDir = defaultCacheDir({ ...machine.env });
  const cached = BWRAP_SUITES.some((suite) =>
    existsSync(join(debianDir(cacheDir, 'bubblewrap', suite), 'usr/bin/bwrap')),
  );
  const isHere = mode === 'none' || cached || (await versionOf('bwrap', machine)) !== undefined;
  if (!isHere && !machine.fetch) return undefined;
  const { openSandbox } = await import('../../tools/sandbox.ts');
  const { progress } = machine;
  return openSandbox({ mode, scripted: false, cacheDir, env: { ...machine.env }, progress });
}

/** Runs a program contained, as a test run would. */
export async function checkSandbox(machine: Machine): Promise<Finding> {
  const why = 'programs of real models will not run (scenarios do)';
  const sandbox = await sandboxHere(machine, 'required');
  if (sandbox === undefined) {
    return bad('bubblewrap', `not here: ${why} unless it can be fetched`, 'headcount doctor --fetch', false);
  }
  if (sandbox.kind === 'bwrap') return good('bubblewrap', sandbox.reason, false);
  return bad('bubblewrap', `${sandbox.reason}: ${why}`, 'apt-get install bubblewrap', false);
}
