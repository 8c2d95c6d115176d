// The shape of org.yaml. It has the shape of the company: a role lists its reports, so neither a cycle nor a second boss
// can be written down. What a shape cannot say is in checks.ts. Descriptions show up in editors.

import { z } from 'zod';
import { ToolName } from '../bus/policy.ts';
import { type Effect, rungs } from '../machines/policy.ts';
import { CompanyBudget, RoleBudget, TeamBudget } from './budget-schema.ts';
import { parseCadence } from './duration.ts';
import { Duration, Span } from './duration-schema.ts';
import { EngineChoice, Engines } from './engine-schema.ts';
import { KnowledgeSection } from './knowledge.ts';
import { MemoryFile, MilestoneFile, StaffingFile, StandingFile } from './learning-schema.ts';
import { Models } from './model-schema.ts';
import { WebFile } from './web-schema.ts';

/** A role's name is a token of its subject. */
export const ROLE_NAME = /^[a-z][a-z0-9_]{0,31}$/;
const SLUG = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const effects = ['praise', 'optimise', 'correct', 'recover'] as const satisfies readonly Effect[];

const Text = z.string().min(1, 'must not be empty').max(2_000, 'is longer than 2000 characters');

const slug = (longest: number) =>
  z
    .string()
    .regex(SLUG, 'is no slug: lower-case letters, digits and single dashes, starting with a letter')
    .max(longest, `is longer than ${longest} characters`);

const CadenceText = z
  .string('is no cadence; write a duration (5m, 7d) or five cron fields ("0 9 * * 1")')
  .superRefine((text, context) => {
    const cadence = parseCadence(text);
    if ('problem' in cadence) context.addIssue(cadence.problem);
  })
  .meta({ examples: ['5m', '7d', '0 9 * * 1'] });

/** A duty's name; which there are is not known here. */
export const DutyName = z
  .string()
  .meta({ id: 'duty', title: 'duty', description: 'Something a role knows how to do: actors/duties/.' });

const Retry = z
  .strictObject({
    ladder: z
      .array(z.enum(rungs))
      .max(12, 'has more than 12 rungs')
      .optional()
      .meta({ description: 'Attempt n runs rung n: starts with standard, ends with escalate.' }),
    backoff: z
      .strictObject({
        first: Duration.optional(),
        factor: z.number().min(1).max(100).optional(),
        max: Duration.optional(),
      })
      .optional()
      .meta({ title: 'backoff', description: 'The wait before a retry grows from first, by factor, to max.' }),
    waits: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .meta({ description: 'Retries of one attempt for trouble that is not in the work (quota, environment).' }),
    depth: z.int().min(0).max(5).optional().meta({ description: 'Levels of subtasks below a task; 0 = never split.' }),
    step: Span.optional().meta({
      description: 'The longest a step may take; then it has failed. 30m unless told.',
    }),
    lineage: z
      .strictObject({
        attempts: z.int().min(1).max(1_000).optional(),
        cost: z.number().positive().optional().meta({ description: 'US dollars.' }),
        hours: z.number().positive().max(8_784).optional(),
      })
      .optional()
      .meta({ title: 'lineage', description: 'What a task may use together with its subtasks and reassignments.' }),
  })
  .meta({ id: 'retry', title: 'retry', description: 'What happens after a failure.' });
export type RetryFile = z.infer<typeof Retry>;

const weight = z.number().min(0).max(1);
const Reward = z
  .strictObject({
    weights: z
      .strictObject({ qa: weight, time: weight, regressions: weight, quality: weight, attempts: weight })
      .optional()
      .meta({ title: 'weights', description: "Each signal's share of a score; they add up to 1." }),
    bands: z
      .record(
        z.string(),
        z.strictObject({ from: z.number().min(0).max(100), effect: z.enum(effects) }).meta({ title: 'band' }),
      )
      .optional()
      .meta({ description: 'A band goes from its score up to the next one; the lowest starts at 0.' }),
  })
  .meta({ title: 'reward', description: 'How work is scored, and what a score brings.' });

const PROBE = /^(GET|POST) (\/\S*)(?: ([1-5]\d\d))?(?: (.+))?$/;

const Health = z.union([
  z
    .string()
    .regex(
      PROBE,
      'is no health check; write "GET /path", or "GET /path 200 text" with the status and text it must give',
    ),
  z
    .strictObject({
      name: Text.optional(),
      method: z.enum(['GET', 'POST']).optional(),
      path: z.string().startsWith('/', 'must start with "/"'),
      body: z.string().optional(),
      status: z.int().min(100).max(599).optional(),
      includes: z.string().optional(),
    })
    .meta({ title: 'health check' }),
]);
export type HealthFile = z.infer<typeof Health>;

/** The parts of a health check in its short form. */
export function parseProbe(text: string): {
  method: string;
  path: string;
  status: string;
  includes: string | undefined;
} {
  const [, method = 'GET', path = '/', status = '200', includes] = PROBE.exec(text) ?? [];
  return { method, path, status, includes };
}

const Command = z.union(
  [
    z
      .string()
      .regex(/\S/, 'must not be empty')
      .regex(/^[^&|;<>`$"'\\\n]*$/, 'runs without a shell; write it as a list of words'),
    z.array(z.string()).min(1, 'must not be empty'),
  ],
  'is no command; write "npm test", or a list of words',
);

const Product = z
  .strictObject({
    name: Text.optional(),
    description: Text.optional(),
    stack: z.array(Text).optional(),
    repo: Text.optional().meta({
      description: 'The git repository it is: cloned into products/<slug> when the company starts, never worked in.',
    }),
    automation: z.enum(['supervised', 'full']).optional().meta({
      description: 'supervised: each merge and deployment waits for you. So unless told for a product with a repo.',
    }),
    test: Command.meta({ description: 'Runs the tests of a clone, in the sandbox, without a shell.' }),
    start: Command.optional().meta({ description: 'Serves the product; PORT and HOST are in its environment.' }),
    health: z
      .array(Health)
      .optional()
      .meta({ description: 'Probed after a deployment and by QA; the first decides whether it is up.' }),
  })
  .meta({ title: 'product' });
export type ProductFile = z.infer<typeof Product>;

const roleNames = () => z.string().meta({ pattern: ROLE_NAME.source });

const Role = z
  .strictObject({
    title: Text.optional(),
    tier: z
      .enum(['strategy', 'coding', 'light'])
      .optional()
      .meta({ description: 'Which model it thinks with; light unless told.' }),
    duties: z.array(DutyName).optional().meta({ description: 'What it knows how to do.' }),
    schedule: z.record(DutyName, CadenceText).optional().meta({ description: 'When a standing duty runs by itself.' }),
    instances: z.int().min(1).max(100).optional().meta({ description: 'How many agents share its mailbox.' }),
    tools: z
      .array(ToolName)
      .optional()
      .meta({ description: 'What it may use; what its duties need unless told. Everything else is refused.' }),
    prompt: z.string().optional().meta({ description: 'Its prompt, in this folder; prompts/<role>.md unless told.' }),
    engine: EngineChoice.optional(),
    retry: Retry.optional(),
    budget: RoleBudget.optional(),
    team: TeamBudget.optional(),
    get reports() {
      return z.record(roleNames(), Role).optional().meta({ description: 'Who reports to this role.' });
    },
  })
  .meta({ id: 'role', title: 'role' });
export type RoleFile = z.infer<typeof Role>;

/** org.yaml as it is written. */
export const OrgFile = z
  .strictObject({
    company: slug(32).meta({ description: "The stream's name in capitals, and the first token of every subject." }),
    title: Text.optional(),
    mission: Text.optional().meta({ description: 'What the company is for.' }),
    person: z
      .string()
      .regex(ROLE_NAME, 'is no name: lower-case letters, digits and _, starting with a letter')
      .optional()
      .meta({ description: 'The person at the top, where every escalation ends; founder unless told.' }),
    sandbox: z
      .enum(['required', 'none'])
      .optional()
      .meta({ description: 'required: what a model wrote runs in a sandbox, or not at all.' }),
    stream: z
      .strictObject({
        replicas: z
          .union([z.literal(1), z.literal(3), z.literal(5)], 'must be 1, 3 or 5: a majority of the copies must live')
          .optional()
          .meta({ description: 'Copies in a cluster of that many nodes or more; as it is unless told, 1 when new.' }),
      })
      .optional()
      .meta({ title: 'stream', description: 'How the server keeps the company.' }),
    engines: Engines.optional(),
    models: Models.optional(),
    budget: CompanyBudget.optional(),
    knowledge: KnowledgeSection.optional(),
    web: WebFile.optional(),
    retry: Retry.optional(),
    reward: Reward.optional(),
    standing: StandingFile.optional(),
    memory: MemoryFile.optional(),
    staffing: StaffingFile.optional(),
    milestones: z
      .array(MilestoneFile)
      .optional()
      .meta({ description: 'Celebrated once each: names such as 100-users, or a name with a condition.' }),
    products: z
      .record(slug(40), Product)
      .optional()
      .meta({ description: 'What the company makes: one repository each.' }),
    reports: z.record(roleNames(), Role).meta({ description: 'Who reports to the person at the top.' }),
  })
  .meta({ title: 'company' });
export type OrgFile = z.infer<typeof OrgFile>;
