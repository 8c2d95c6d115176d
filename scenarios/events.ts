// What happens while a scenario runs: events that somebody causes, faults that strike, and the conditions they wait for.

import { z } from 'zod';
import { FailureKind, TaskStatus, Token } from '../bus/records.ts';
import { schemas } from '../bus/schemas.ts';
import { OrgPatch } from './patch.ts';
import { Duration, exactlyOne, Instant, purposes, Text } from './words.ts';

const conditions = {
  task: Text.optional().meta({ description: 'Key of a task; with `is`.' }),
  is: TaskStatus.optional(),
  asked: Text.optional().meta({ description: 'A person was asked about this task; * = about anything.' }),
  alert: Text.optional().meta({ description: 'QA raised an alert for this health check; * = for any.' }),
  milestone: Token.optional(),
  deployed: z.int().positive().optional().meta({ description: 'So many deployments went live.' }),
  report: schemas['report.filed'].shape.kind.optional().meta({ description: 'A report of this kind was filed.' }),
};

/** Something that is so from one message on. */
export const Condition = z
  .strictObject(conditions)
  .refine(
    (value) =>
      Object.keys(conditions).filter((key) => key !== 'is' && Object.hasOwn(value, key)).length === 1 &&
      (value.task === undefined) === (value.is === undefined),
    'needs exactly one of task (with is), asked, alert, milestone, deployed, report',
  )
  .meta({ title: 'condition' });
export type Condition = z.infer<typeof Condition>;

const happenings = {
  issue: z
    .strictObject({ title: Text, body: z.string().default(''), author: Text.default('founder'), trusted: z.boolean() })
    .optional()
    .meta({ description: 'An issue arrives.' }),
  answer: z
    .strictObject({
      task: Text.optional(),
      approval: Text.optional(),
      option: Token,
      note: z.string().optional(),
      by: Text.default('founder'),
    })
    .optional()
    .meta({ description: 'A person answers the open question about a task (or the one with this id).' }),
  org: OrgPatch.optional().meta({ description: 'The org chart changes while the company runs.' }),
  feedback: z.strictObject({ from: Text, text: Text }).optional().meta({ description: 'A user says something.' }),
  control: z
    .enum(['paused', 'running'])
    .optional()
    .meta({ description: 'A person pauses the company, or lets it go on.' }),
};

export const Event = z
  .strictObject({
    at: z.union(
      [Instant, z.strictObject({ after: Condition, plus: Duration.default(0) })],
      'is neither an instant (+20m, 14:30) nor { after: ..., plus: 20m }',
    ),
    ...happenings,
  })
  .refine(...exactlyOne(Object.keys(happenings)))
  .meta({ title: 'event' });
export type EventFile = z.infer<typeof Event>;

const times = z.int().positive().default(1).meta({ description: 'How often it strikes.' });
const place = {
  agent: Text.optional().meta({ description: 'An agent; a role means any agent of it.' }),
  task: Text.optional(),
  step: Text.optional().meta({ description: 'A recorded step: write, apply, validate, test, commit, ...' }),
  attempt: z.int().positive().optional(),
  times,
};

const faults = {
  crash: z.strictObject(place).optional().meta({ description: 'The agent is gone just before a step.' }),
  quota: z
    .strictObject({ from: Instant, until: Instant, tier: z.enum(['strategy', 'coding', 'light']).optional() })
    .optional()
    .meta({ description: 'The provider refuses until then.' }),
  provider: z
    .strictObject({ name: Text, from: Instant, until: Instant })
    .optional()
    .meta({ description: 'With a wire: one provider refuses everything until then.' }),
  garbage: z
    .strictObject({
      task: Text.optional(),
      purpose: z.enum(purposes).optional(),
      attempt: z.int().positive().optional(),
      times,
    })
    .optional()
    .meta({ description: 'The answer is cut off in the middle.' }),
  tool: z
    .strictObject({ ...place, kind: FailureKind.default('environment'), reason: Text })
    .optional()
    .meta({ description: 'A tool fails instead of a step.' }),
  slow: z
    .strictObject({ ...place, by: Duration })
    .optional()
    .meta({ description: 'A step takes longer.' }),
  strike: z
    .strictObject({
      fault: Text.meta({ description: 'A fault of a simulated run; `headcount sim --help` lists them.' }),
      at: Text.meta({ description: 'What it strikes: the id of a message or a question, a step, a call.' }),
      nth: z.int().positive().default(1).meta({ description: 'At which of several such occasions.' }),
      value: z.union([z.number(), Text]).meta({ description: 'How long, in ms, or what it does there.' }),
    })
    .optional()
    .meta({ description: 'Once, in a simulated run: written by `headcount sim` when it has found something.' }),
};

export const Fault = z
  .strictObject(faults)
  .refine(...exactlyOne(Object.keys(faults)))
  .meta({ title: 'fault' });
export type FaultFile = z.infer<typeof Fault>;

/** One fault at one occasion of a simulated run. */
export type Strike = NonNullable<FaultFile['strike']>;
