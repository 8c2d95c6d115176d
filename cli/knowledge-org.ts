// The knowledge of the workspace that a command runs in, as its company file says.

import { realpathSync } from 'node:fs';
import { dutyFacts } from '../actors/duties/registry.ts';
import { loadOrg, readOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import type { CliContext } from './context.ts';
import type { KnowledgePlace } from './knowledge-place.ts';
import { findFile } from './package-root.ts';

/** Throws OrgInvalid, OrgUnreadable. */
export function knowledgePlaceOf(
  orgFile: string,
  { cwd, env, now }: Pick<CliContext, 'cwd' | 'env' | 'now'>,
): KnowledgePlace & { readonly org: Org } {
  const org = loadOrg(readOrg(findFile(orgFile, cwd), orgFile), { duties: dutyFacts() });
  // Without links, so that documents have one name.
  return { workspace: realpathSync(cwd), org, env, now };
}
