// Of the engines of a company file: are they chosen for tasks that the role does, and can their limits be kept?

import type { PlacedRole } from './checks.ts';
import type { OrgDocument } from './document.ts';
import { enginesOf } from './engines.ts';
import { policyOf } from './policy.ts';
import { type Problem, quote } from './problems.ts';
import type { OrgFile } from './schema.ts';

/** A role's choice by type of task names types that it does. */
export function checkEngineChoice(
  { name, keys, role }: PlacedRole,
  document: OrgDocument,
  types: readonly string[],
): Problem[] {
  if (role.engine === undefined || typeof role.engine === 'string') return [];
  return Object.keys(role.engine)
    .filter((type) => !types.includes(type))
    .map((type) => {
      const does = types.length === 0 ? 'takes no tasks' : `does ${types.join(', ')}`;
      return document.problem(
        [...keys, 'engine', type],
        `${quote(type)} is no type of task here; ${name} ${does}`,
        'key',
      );
    });
}

/** A command line does its whole attempt in one step, and its last call must fit into its money. */
export function checkEngines(file: OrgFile, document: OrgDocument): Problem[] {
  const engines = enginesOf(file.engines);
  const { stepMs } = policyOf(file.retry);
  return (['claude', 'codex'] as const).flatMap((name) => {
    const { ms, cost, worstCall } = engines[name];
    const said = file.engines?.[name];
    const problems: Problem[] = [];
    if (said?.time !== undefined && ms >= stepMs) {
      const message = `${said.time} is not shorter than the longest step (retry.step)`;
      problems.push(document.problem(['engines', name, 'time'], message));
    }
    if (said !== undefined && worstCall >= cost) {
      const message = `one call may cost $${worstCall}, and the whole attempt $${cost}: raise cost, or lower worstCall`;
      problems.push(document.problem(['engines', name], message, 'key'));
    }
    return problems;
  });
}
