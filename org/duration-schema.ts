// A duration as a field of org.yaml.

import { z } from 'zod';
import { parseDuration } from './duration.ts';

export const Duration = z
  .string('is no duration; write 90s, 15m, 2h, 7d or 1w')
  .refine((text) => parseDuration(text) !== undefined, 'is no duration; write 90s, 15m, 2h, 7d or 1w')
  .meta({ pattern: '^[0-9]{1,12}(ms|s|m|h|d|w)$', examples: ['90s', '15m', '2h'] });
