// Whether what a model wrote can run here.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCacheDir } from '../../bus/server/cache.ts';
import { debianDir } from '../../bus/server/debian.ts';
import { bad, type Finding, good, type Machine, versionOf } from './finding.ts';

/** Releases of Debian that the sandbox fetches from. */
const BWRAP_SUITES = ['bookworm', 'trixie'];

/** Runs a program contained, as a test run would; looks for bubblewrap only where it is, unless told to fetch. */
export async function checkSandbox(machine: Machine): Promise<Finding> {
  const why = 'programs of real models will not run (scenarios do)';
  const cacheDir = defaultCacheDir({ ...machine.env });
  const cached = BWRAP_SUITES.some((suite) =>
    existsSync(join(debianDir(cacheDir, 'bubblewrap', suite), 'usr/bin/bwrap')),
  );
  if (!cached && !machine.fetch && (await versionOf('bwrap', machine)) === undefined) {
    return bad('bubblewrap', `not here: ${why} unless it can be fetched`, 'headcount doctor --fetch', false);
  }
  const { openSandbox } = await import('../../tools/sandbox.ts');
  const sandbox = await openSandbox({
    mode: 'required',
    scripted: false,
    cacheDir,
    env: { ...machine.env },
    progress: machine.progress,
  });
  if (sandbox.kind === 'bwrap') return good('bubblewrap', sandbox.reason, false);
  return bad('bubblewrap', `${sandbox.reason}: ${why}`, 'apt-get install bubblewrap', false);
}
