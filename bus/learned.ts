// What a company has learned, as it is on the stream: where each agent stands, the lessons of solved failures, and the
// decisions that shaped a product. The last message on a subject is the state.

import { z } from 'zod';
import { Token } from './records.ts';

export const StandingName = z.enum(['probation', 'trusted', 'lead', 'benched']);
export type StandingName = z.infer<typeof StandingName>;

/** Where an agent stands, on `agent.<id>.standing`: written only when that changes. */
export const Standing = z.strictObject({
  agent: z.string(),
  role: Token,
  standing: StandingName,
  before: StandingName,
  since: z.number(),
  /** Benched: when it may work again, on probation. */
  until: z.number().optional(),
  /** When it last came back from the bench: what it did before does not count any more. */
  returned: z.number().optional(),
  why: z.string(),
  /** Mean of its scores, decayed, with the bounds of its confidence interval, and how many tasks count. */
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  samples: z.number(),
  /** Ids of the messages that show it. */
  evidence: z.array(z.string()).min(1),
});
export type Standing = z.infer<typeof Standing>;

/** What failed, what worked, and where: the lesson of a failure that was solved later. */
export const Lesson = z.strictObject({
  id: Token,
  failed: z.string(),
  worked: z.string(),
  where: z.strictObject({
    product: Token.optional(),
    type: z.string(),
    role: Token,
    paths: z.array(z.string()),
  }),
  /** The failure without its numbers: the same one again is known by it. */
  signature: z.string(),
  /** Words of the task that it came from, for finding it again. */
  about: z.string(),
  /** Who answers for it: the agent that solved it. */
  owner: z.string(),
  /** Ids of the message that ended the work, and of the failures before it. */
  evidence: z.array(z.string()).min(1),
  learnedAt: z.number(),
  expiresAt: z.number(),
  status: z.enum(['active', 'retired']),
  /** Retired: what contradicts it. */
  reason: z.string().optional(),
});
export type Lesson = z.infer<typeof Lesson>;

/** A change of the architecture that was merged, on `decision.<task>`. */
export const Decision = z.strictObject({
  task: Token,
  product: Token,
  title: z.string(),
  context: z.string(),
  decision: z.string(),
  consequences: z.string(),
  paths: z.array(z.string()).min(1),
  pull: z.number().optional(),
  commit: z.string(),
  /** Its record in the product; absent where there was no room for one. */
  file: z.string().optional(),
  at: z.number(),
});
export type Decision = z.infer<typeof Decision>;

/** Schemas of the messages that say so; part of `schemas` in messages.ts. */
export const learnedSchemas = {
  'standing.changed': Standing,
  'lesson.learned': Lesson,
  'lesson.retired': Lesson,
  'decision.recorded': Decision,
} as const;
