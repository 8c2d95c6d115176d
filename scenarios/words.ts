// The small words of a scenario file: texts, durations, instants, amounts, and "exactly one of these".

import { z } from 'zod';
import { answers } from '../brain/answers.ts';
import type { Purpose } from '../brain/models/model.ts';
import { parseDuration } from '../org/duration.ts';
import { parseInstant } from './time.ts';

export const purposes = Object.keys(answers) as [Purpose, ...Purpose[]];

export const Text = z.string().min(1, 'must not be empty');

/** A text, or several. */
export const OneOrMore = z.union([Text, z.array(Text).min(1)]);

export const Duration = z
  .string()
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms === undefined) context.addIssue('is no duration; write 90s, 15m, 2h or 7d');
    return ms ?? 0;
  })
  .meta({ examples: ['90s', '15m', '2h'] });

export const Instant = z
  .string()
  .refine((text) => parseInstant(text, 0) !== undefined, 'is no instant; write +20m, 14:30 or 2026-01-05T14:30:00Z')
  .meta({ examples: ['+20m', '14:30'] });

/** A number, or limits of one. */
export const Amount = z.union(
  [z.number(), z.strictObject({ atLeast: z.number().optional(), atMost: z.number().optional() })],
  'is neither a number nor { atLeast: ..., atMost: ... }',
);
export type Amount = z.infer<typeof Amount>;

/** The arguments of a `refine` that passes when exactly one of the keys is there. */
export function exactlyOne(keys: readonly string[]): [(value: object) => boolean, string] {
  return [
    (value) => keys.filter((key) => Object.hasOwn(value, key)).length === 1,
    `needs exactly one of ${keys.join(', ')}`,
  ];
}
