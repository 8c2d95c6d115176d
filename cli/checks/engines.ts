// The command lines that org.yaml has as employees: whether each can begin, with the program and the key that the file names.

import { dutyFacts } from '../../actors/duties/registry.ts';
import { enginesInUse } from '../../org/engines.ts';
import { loadOrg, readOrg } from '../../org/load.ts';
import type { Org } from '../../org/org.ts';
import { findProgram } from '../../tools/engines/run.ts';
import { findFile } from '../package-root.ts';
import { bad, type Check, good } from './finding.ts';

/** The company file here, or the one that comes with Headcount; undefined when it is not valid: `validate` says why. */
function orgHere(cwd: string): Org | undefined {
  try {
    return loadOrg(readOrg(findFile('org/org.yaml', cwd)), { duties: dutyFacts() });
  } catch {
    return undefined;
  }
}

/** One line for each command line that a role works with; none when no role does. */
export const checkEngines: Check = async ({ cwd, env }) => {
  const org = orgHere(cwd);
  const names = org ? enginesInUse(org.roles).filter((name) => name === 'claude' || name === 'codex') : [];
  return Promise.all(
    names.map(async (name) => {
      const line = `engine ${name}`;
      const { command, key } = org?.engines[name] ?? { command: name, key: '' };
      if ((await findProgram(command, env)) === undefined) {
        const fix = `put ${command} on the PATH, or name it in org.yaml (engines.${name}.command)`;
        return bad(line, `a role works with it, and ${command} is not here`, fix);
      }
      if (!env[key]) return bad(line, `a role works with it, and ${key} is not set`, `export ${key}=...`);
      return good(line, `${command}, with ${key}, contained`);
    }),
  );
};
