// What a role may be allowed to use, by name, and what was decided about it. org.yaml lists them (`tools:`), the policy gate decides on them
// (tools/policy/gate.ts), and docs/policy.md says what each one is.

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

/** What the policy gate decided on one call: a refusal, or an act that a person allowed. */
export const PolicyDecided = z.strictObject({
  /** The task or job in which it was asked for. */
  work: Token,
  agent: z.string(),
  role: Token,
  attempt: z.number(),
  /** As it was asked for: a model may ask for anything. */
  tool: z.string().max(100),
  verdict: z.enum(['allow', 'deny']),
  reason: z.string().max(500),
  summary: z.string().max(300),
  destination: z.string().max(200).optional(),
  /** What the lineage has read from outside. */
  taint: z.array(z.string()),
});
