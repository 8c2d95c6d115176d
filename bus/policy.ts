// What a role may be allowed to use, by name, what was wished, and what was decided about it. org.yaml lists the tools (`tools:`), the
// policy gate decides on them (tools/policy/gate.ts), and docs/policy.md says what each one is.

import { z } from 'zod';
import { Token } from './records.ts';

/** Every tool there is. What is not named here is refused, whoever asks for it. */
export const toolNames = [
  // In the task's own clone.
  'list_files',
  'read_file',
  'search_files',
  'write_file',
  'edit_file',
  'delete_file',
  'run_tests',
  'finish',
  'coding_cli',
  // Inside the company.
  'ask_knowledge',
  'review',
  'open_pull',
  'merge',
  'deploy',
  'spend',
  'change_org',
  // The world.
  'web_search',
  'web_read',
  'web_post',
  'mail',
  'chat',
] as const;

/** Search engines that the web may be asked through (tools/web/). */
export const searchProviders = ['duckduckgo', 'tavily', 'brave', 'searxng'] as const;
export type SearchProvider = (typeof searchProviders)[number];

export const ToolName = z.enum(toolNames);
export type ToolName = z.infer<typeof ToolName>;

/**
 * By which rule it was decided. `tool`: what the role may use. `taint`: what a lineage that has read from outside may use.
 * `secret`, `path`, `address`: what may leave, where a file may be written, which page may be read; the guards of the tools
 * decide those.
 */
export const PolicyRule = z.enum(['tool', 'taint', 'secret', 'path', 'address']);

/** What somebody wishes to do. */
const PolicyCall = z.strictObject({
  /** As it was asked for: a model may ask for anything. Acts of the host that are no tool of anybody have names of their own. */
  tool: z.string(),
  /** What it would do, one line, for people. It decides nothing. */
  summary: z.string(),
  /** Where something would go: a host, an address, a branch. */
  destination: z.string().optional(),
});
export type PolicyCall = Readonly<z.infer<typeof PolicyCall>>;

const PolicyRuling = z.strictObject({
  verdict: z.enum(['allow', 'deny']),
  /** Absent in what was written before there was more than one rule. */
  rule: PolicyRule.optional(),
  reason: z.string(),
});

/** What was decided on a call. */
export type PolicyRuling = Readonly<Required<z.infer<typeof PolicyRuling>>>;

/** A call that a guard refused, and why: without the secret, where it was for one. */
export type Refusal = PolicyCall & Pick<PolicyRuling, 'reason'> & { readonly rule: 'secret' | 'path' | 'address' };

/** What was decided on one call: a refusal, or an act that a person allowed. */
export const PolicyDecided = z.strictObject({
  /** The task or job in which it was asked for. */
  work: Token,
  agent: z.string(),
  role: Token,
  attempt: z.number(),
  ...PolicyCall.shape,
  tool: z.string().max(100),
  summary: z.string().max(300),
  destination: z.string().max(200).optional(),
  ...PolicyRuling.shape,
  reason: z.string().max(500),
  /** What the lineage has read from outside. */
  taint: z.array(z.string()),
});
