// Keys stand in the environment; org.yaml names the variable.

import { z } from 'zod';

export const KeyName = z
  .string()
  .regex(
    /^[A-Z][A-Z0-9_]*$/,
    'is no name of an environment variable (capitals, digits and _); a key itself never goes into this file',
  );
