// A duration as a field of org.yaml.

import { z } from 'zod';
import { parseDuration } from './duration.ts';

export const Duration = z
  .string('is no duration; write 90s, 15m, 2h, 7d or 1w')
  .refine((text) => parseDuration(text) !== undefined, 'is no duration; write 90s, 15m, 2h, 7d or 1w')
  .meta({ pattern: '^[0-9]{1,12}(ms|s|m|h|d|w)$', examples: ['90s', '15m', '2h'] });

/** A limit or a span: none of nothing, which would be neither off nor a limit that anybody can keep. */
export const Span = Duration.refine(
  (text) => parseDuration(text) !== 0,
  'is no time at all; write 90s, 15m, 2h, 7d or 1w',
).meta({ pattern: '^0*[1-9][0-9]{0,11}(ms|s|m|h|d|w)$', examples: ['90s', '15m', '2h'] });
