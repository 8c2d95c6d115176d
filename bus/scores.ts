// Why a task has its score: what each signal came to, how much it weighed, and the messages that show it.

import { z } from 'zod';

export const Signal = z.enum(['qa', 'time', 'regressions', 'quality', 'attempts']);
export type Signal = z.infer<typeof Signal>;

/** The score of a task taken apart: the points add up to it. */
export const ScoreLedger = z.strictObject({
  rows: z.array(
    z.strictObject({
      signal: Signal,
      /** 0 to 1. */
      value: z.number(),
      /** As the policy says. */
      weight: z.number(),
      /** The weight that counted: what missing signals leave is spread over the others. Shares add up to 1. */
      share: z.number(),
      /** 100 x value x share. */
      points: z.number(),
      why: z.string(),
      /** Ids of messages on this stream. */
      evidence: z.array(z.string()),
    }),
  ),
  /** Signals without evidence: their weight counts for the others. */
  missing: z.array(z.strictObject({ signal: Signal, why: z.string() })),
});
export type ScoreLedger = z.infer<typeof ScoreLedger>;
