// The policy gate: may this role, in this lineage, use this tool? A pure decision, made before every call of a tool and before
// everything that leaves the company. What a model wrote has no say in it.
//
// Invariants:
//   P1. Deny by default: a tool that the role was not given, or that nobody knows, is refused.
//   P2. A lineage that has read text from outside uses no privileged tool, unless a person allowed this very act.
//   P3. The decision depends on nothing but its arguments.

import { type PolicyCall, type PolicyRuling, type ToolName, toolNames } from '../../bus/policy.ts';
import type { Role } from '../../org/org.ts';

/** Who asks, and with what in mind. */
export type Standing = {
  readonly role: Pick<Role, 'name' | 'duties' | 'tools'>;
  /** Text from outside that this lineage has read, each as `issue 7 by stranger`; none: it is untainted. */
  readonly taint: readonly string[];
  /** The person who allowed this very act; undefined when nobody has. */
  readonly allowedBy?: string | undefined;
};

/** Allowed by the rule `taint`: a person said so. */
export type Decision = PolicyRuling & {
  readonly rule: 'tool' | 'taint';
  /** True when a person's word would change the answer. */
  readonly askable: boolean;
};

/**
 * Tools that change what others see or own, or that carry something out: not for a lineage whose words may be a stranger's.
 * Reading, and writing in the task's own clone, are not among them: what comes of those meets the same tests, a review by
 * somebody else, and this list.
 */
export const privileged: ReadonlySet<ToolName> = new Set<ToolName>([
  'merge',
  'deploy',
  'spend',
  'change_org',
  'web_post',
  'mail',
  'chat',
]);

const clone: readonly ToolName[] = [
  'list_files',
  'read_file',
  'search_files',
  'write_file',
  'edit_file',
  'delete_file',
  'run_tests',
  'finish',
];

/** What a duty cannot do without; a role has the tools of its duties unless org.yaml lists its own. */
const toolsOfDuty: Readonly<Record<string, readonly ToolName[]>> = {
  'write-code': [...clone, 'coding_cli', 'ask_knowledge', 'web_search', 'web_read', 'open_pull', 'merge'],
  'write-documents': [...clone, 'ask_knowledge', 'web_search', 'web_read', 'open_pull', 'merge'],
  advise: ['list_files', 'read_file', 'search_files', 'ask_knowledge', 'web_search', 'web_read', 'finish'],
  strategy: ['web_search', 'web_read'],
  operate: ['deploy'],
  review: ['list_files', 'read_file', 'search_files', 'review', 'finish'],
};

/** The tools of a role: those that org.yaml lists, or those of its duties. */
export function toolsOf({ tools, duties }: Standing['role']): readonly string[] {
  return tools ?? [...new Set(duties.flatMap((duty) => toolsOfDuty[duty] ?? []))];
}

function isToolName(name: string): name is ToolName {
  return toolNames.some((one) => one === name);
}

/** Decides on one call. Pure. */
export function decide({ role, taint, allowedBy }: Standing, { tool }: PolicyCall): Decision {
  const ruled = (verdict: Decision['verdict'], rule: Decision['rule'], reason: string): Decision => {
    return { verdict, rule, reason, askable: verdict === 'deny' && rule === 'taint' };
  };
  if (!isToolName(tool)) return ruled('deny', 'tool', `there is no tool ${JSON.stringify(tool.slice(0, 60))}`);
  if (!toolsOf(role).includes(tool)) return ruled('deny', 'tool', `${tool} is no tool of ${role.name}`);
  if (taint.length === 0 || !privileged.has(tool)) return ruled('allow', 'tool', `${tool} is a tool of ${role.name}`);
  if (allowedBy !== undefined) return ruled('allow', 'taint', `${allowedBy} allowed it`);
  const read = `this work has read text from outside (${taint.join(', ')})`;
  return ruled('deny', 'taint', `${tool} needs a person: ${read}`);
}
