// The `then` of a scenario: what must be so when it has ended, read from the stream and the product.

import { z } from 'zod';
import { StandingName } from '../bus/learned.ts';
import type { MessageType } from '../bus/messages.ts';
import { PolicyRule } from '../bus/policy.ts';
import { Evidence, FailureKind, TaskStatus, Token } from '../bus/records.ts';
import { schemas } from '../bus/schemas.ts';
import { rungs } from '../machines/policy.ts';
import { Amount, OneOrMore, Text } from './words.ts';

const types = Object.keys(schemas) as [MessageType, ...MessageType[]];

const TaskExpectation = z
  .strictObject({
    status: TaskStatus.optional(),
    role: Text.optional(),
    agent: Text.optional(),
    attempts: Amount.optional(),
    rungs: z
      .array(z.enum(rungs))
      .optional()
      .meta({ description: 'The rungs it went through, in order, by the names of the default ladder.' }),
    failures: z.array(FailureKind).optional().meta({ description: 'Kinds of its failed attempts, in order.' }),
    reassigned: Amount.optional(),
    children: Amount.optional(),
    evidence: z.array(Evidence.shape.check).optional().meta({ description: 'Checks that were passed.' }),
    score: Amount.optional(),
    band: OneOrMore.optional(),
  })
  .meta({ title: 'task' });
export type TaskExpectation = z.infer<typeof TaskExpectation>;

const FileExpectation = z
  .strictObject({
    path: Text,
    contains: OneOrMore.optional(),
    lacks: OneOrMore.optional(),
    absent: z.literal(true).optional(),
  })
  .meta({ title: 'file', description: 'A file of the product as it was merged.' });

/** How a scenario must end. That nothing is lost or done twice is expected of every one. */
export const Expectations = z
  .strictObject({
    tasks: z.record(Text, TaskExpectation).default({}),
    agents: z
      .record(
        Text,
        z.strictObject({
          visits: z.array(Text).optional().meta({ description: 'States it was in, at any time: retrying.consulting.' }),
          average: Amount.optional().meta({ description: 'Mean score of its tasks.' }),
          standings: z
            .array(StandingName)
            .optional()
            .meta({ description: 'Where it came to stand, in order; where it started is not said.' }),
        }),
      )
      .default({})
      .meta({ description: 'By agent; a role means any agent of it.' }),
    messages: z
      .array(
        z.strictObject({
          on: Text.default('>').meta({ description: 'Subject filter after the company: agent.reports, task.*' }),
          type: z.enum(types).optional(),
          from: Text.optional(),
          count: Amount.default({ atLeast: 1 }),
        }),
      )
      .default([]),
    files: z.array(FileExpectation).default([]),
    commits: z
      .strictObject({
        count: Amount.optional(),
        by: z.record(Text, Amount).optional().meta({ description: 'By author; a role means all its agents.' }),
      })
      .optional(),
    milestones: z.array(Token).default([]),
    deployments: z
      .partialRecord(schemas['brain.deployment'].shape.status, Amount)
      .optional()
      .meta({ description: 'How many deployments ended so.' }),
    refusals: z.partialRecord(PolicyRule, Amount).optional().meta({
      description: 'How many refusals by policy are on the stream, by rule: tool, taint, secret, path, address.',
    }),
    models: z
      .record(Text, Amount)
      .optional()
      .meta({ description: 'Calls that a model answered: anthropic/claude-sonnet-5-5.' }),
    cost: Amount.optional().meta({ description: 'US dollars.' }),
    retries: Amount.optional(),
    learning: z
      .strictObject({ tasks: z.int().positive(), atMost: z.number().min(0) })
      .optional()
      .meta({ description: 'Retries of the last so many tasks, as a part of those of the first so many, at most.' }),
    lessons: Amount.optional().meta({ description: 'Lessons that hold at the end.' }),
    escalations: Amount.optional(),
    lost: Amount.default(0),
    duplicated: Amount.default(0),
  })
  .meta({ title: 'expectations' });
export type Expectations = z.infer<typeof Expectations>;
