// Which duty does which types of task. Apart from the duties themselves, so that plans can be checked without them.

import type { Role } from '../../org/org.ts';

export const taskTypes = {
  'write-code': ['code'],
  'write-documents': ['document'],
  advise: ['advice'],
  operate: ['deploy'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The types of task a role can do, in the order of its duties. */
export function typesOf(role: Role): readonly string[] {
  const known: Readonly<Record<string, readonly string[]>> = taskTypes;
  return role.duties.flatMap((duty) => known[duty] ?? []);
}
