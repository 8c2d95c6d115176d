// The company file that is checked: the one of this folder, or the one that comes with Headcount.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { reasonOf } from '../../bus/errors.ts';
import { loadOrg, readOrg } from '../../org/load.ts';
import type { Org } from '../../org/org.ts';
import { findFile } from '../package-root.ts';
import { bad, type Finding, good, type Machine } from './finding.ts';

const ORG = 'org/org.yaml';

/** Throws OrgInvalid, OrgUnreadable. */
function read(cwd: string): Org {
  return loadOrg(readOrg(findFile(ORG, cwd), ORG), { duties: dutyFacts() });
}

/** Undefined when it is not valid: `checkOrg` says why. */
export function orgHere({ cwd }: Pick<Machine, 'cwd'>): Org | undefined {
  try {
    return read(cwd);
  } catch {
    return undefined;
  }
}

/** Nothing is said of the file that comes with Headcount. */
export function checkOrg({ cwd }: Machine): Finding | readonly Finding[] {
  if (!existsSync(join(cwd, ORG))) return [];
  try {
    const { company, roles } = read(cwd);
    return good(ORG, `${company}: ${roles.length} roles`);
  } catch (error) {
    return bad(ORG, reasonOf(error).split('\n')[0] ?? '', `headcount org check ${ORG}`);
  }
}
