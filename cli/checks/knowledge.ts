// Which store and embeddings the knowledge of this workspace is in, and whether they can be had.

import { bad, type Finding, good, type Machine } from './finding.ts';

export async function checkKnowledge({ env, cwd }: Machine): Promise<Finding> {
  const { describeKnowledge } = await import('../knowledge-doctor.ts');
  const { ok, detail, fix } = await describeKnowledge({ env, cwd });
  return ok ? good('knowledge', detail, false) : bad('knowledge', detail, fix, false);
}
