// What was sent to a model for one recorded call, as it is kept beside the record: a blob, named by `Step.prompt`.

import { z } from 'zod';
import type { Question } from './model.ts';

const Exchange = z.object({
  said: z.unknown(),
  results: z.array(z.object({ id: z.string(), text: z.string(), isError: z.boolean() })),
});

export const Snapshot = z.strictObject({
  /** Of the question; that of a command line names its work. */
  id: z.string(),
  purpose: z.string(),
  /** In a tool loop: the step before, whose question was sent again, with `rounds` after it. */
  after: z.string().optional(),
  system: z.string().optional(),
  prompt: z.string().optional(),
  /** JSON Schema of the answer. */
  schema: z.unknown().optional(),
  tools: z.array(z.object({ name: z.string(), description: z.string(), input: z.unknown() })).optional(),
  /** What was said and done since that step, word for word. */
  rounds: z.array(Exchange).optional(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/**
 * The snapshot of a question. Each turn of a tool loop sends everything before it again; only what is new is kept with it.
 * @param after the step of the turn before, in a tool loop that has begun
 */
export function snapshotOf({ id, purpose, system, prompt, schema, tools, rounds }: Question, after?: string): Snapshot {
  if (after !== undefined) return { id, purpose, after, rounds: rounds.slice(-1).map(exchangeOf) };
  return { id, purpose, system, prompt, ...(schema === undefined ? {} : { schema }), tools: [...tools] };
}

function exchangeOf({ said, results }: Question['rounds'][number]): z.infer<typeof Exchange> {
  return { said, results: [...results] };
}
