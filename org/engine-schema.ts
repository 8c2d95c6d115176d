// How org.yaml says by which engine work on code is done, and within which limits. Part of schema.ts.

import { z } from 'zod';
import { Span } from './duration-schema.ts';
import { KeyName } from './key-name.ts';

/** Ways to do the work of a task that changes files. */
export const engineNames = ['answer', 'loop', 'claude', 'codex'] as const;
export const EngineName = z.enum(engineNames);

/** The engine of a role: one for all its tasks, or one for each type of task. */
export const EngineChoice = z
  .union([EngineName, z.record(z.string(), EngineName)], `is none of ${engineNames.join(', ')}, and no map of them`)
  .meta({
    description: 'How it does work on code: answer, loop, claude, codex; or by type of task. answer unless told.',
    examples: ['loop', { code: 'claude' }],
  });

const limits = {
  turns: z.int().min(1).max(1_000).optional().meta({ description: 'Turns of the model in one attempt.' }),
  time: Span.optional().meta({ description: 'The longest that one attempt may take.' }),
  cost: z.number().positive().optional().meta({ description: 'US dollars that one attempt may cost.' }),
};

const Loop = z
  .strictObject({
    ...limits,
    idle: z
      .int()
      .min(2)
      .max(1_000)
      .optional()
      .meta({ description: 'Turns after which it ends when neither a file nor a test result has changed.' }),
  })
  .meta({ title: 'loop', description: 'A model with tools.' });

const Cli = z
  .strictObject({
    ...limits,
    command: z.string().min(1).optional().meta({ description: 'The program, when it is not on the PATH.' }),
    model: z
      .string()
      .regex(/^[A-Za-z0-9][\w.:/-]{0,99}$/, 'is no name of a model')
      .optional(),
    url: z.url('is no URL').optional().meta({ description: 'Where its provider is: the only place it can reach.' }),
    key: KeyName.optional().meta({ description: 'The variable that holds the key. The program never sees the key.' }),
    worstCall: z
      .number()
      .positive()
      .optional()
      .meta({ description: 'US dollars that one call of its model can cost at most; held back from cost.' }),
    price: z
      .strictObject({ input: z.number().min(0), output: z.number().min(0) })
      .optional()
      .meta({ title: 'price', description: 'US dollars for a million tokens, where the program names no cost.' }),
  })
  .meta({ id: 'cli', title: 'cli', description: 'A command line as an employee.' });
export type CliFile = z.infer<typeof Cli>;

export const Engines = z
  .strictObject({ loop: Loop.optional(), claude: Cli.optional(), codex: Cli.optional() })
  .meta({ title: 'engines', description: 'Limits of the engines that do work on code.' });
export type EnginesFile = z.infer<typeof Engines>;
