// How org.yaml says which models the company thinks with. Part of schema.ts.

import { z } from 'zod';
import { Span } from './duration-schema.ts';
import { KeyName } from './key-name.ts';

const Name = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,31}$/,
    'is no name: lower-case letters, digits, - and _, starting with a letter, at most 32',
  );

const Provider = z
  .strictObject({
    kind: z.enum(['anthropic', 'openai']).meta({ description: 'Whose wire format it speaks.' }),
    api: z
      .enum(['responses', 'chat'])
      .optional()
      .meta({ description: "For openai: which of its formats; chat at any address but OpenAI's unless told." }),
    url: z
      .url('is no URL')
      .regex(/^https?:\/\/[^@]*$/, 'must be an http address without user and password')
      .optional()
      .meta({ description: "Where it is; the provider's own address unless told." }),
    key: KeyName.optional().meta({ description: 'The variable that holds the key, never the key.' }),
    account: Name.optional().meta({ description: 'Providers of one account share their limits.' }),
    timeout: Span.optional().meta({ description: 'How long an answer may take to begin; 10m unless told.' }),
  })
  .meta({ title: 'provider', description: 'Somebody who sells answers, or a server of your own.' });
export type ProviderFile = z.infer<typeof Provider>;

const Choice = z
  .string()
  .regex(/^[^/\s]+\/\S+$/, 'is no model of a provider; write provider/model')
  .max(200)
  .meta({ examples: ['anthropic/claude-sonnet-5-5', 'local/qwen3-coder'] });
const Chain = z
  .array(Choice)
  .min(1, 'needs a model')
  .max(10, 'has more than 10 models')
  .meta({ description: 'The first is asked; the others, in their order, when it cannot be.' });

const amount = z.number().min(0);
const tokens = z.int().min(1).max(10_000_000).optional();
const Price = z
  .strictObject({
    input: amount,
    output: amount,
    cacheRead: amount.optional(),
    cacheWrite: amount.optional(),
    contextTokens: tokens,
    maxOutputTokens: tokens,
  })
  .meta({ title: 'price', description: 'US dollars for a million tokens; 0 for a model of your own.' });

export const Models = z
  .strictObject({
    providers: z
      .record(Name, Provider)
      .optional()
      .meta({ description: 'By name; anthropic and openai are there without being listed.' }),
    tiers: z
      .strictObject({ strategy: Chain.optional(), coding: Chain.optional(), light: Chain.optional() })
      .optional()
      .meta({ title: 'tiers', description: 'Which models answer for the roles of a tier.' }),
    tasks: z
      .record(z.string(), Chain)
      .optional()
      .meta({ description: 'By type of task, where that counts more than the tier.' }),
    prices: z
      .record(z.string(), Price)
      .optional()
      .meta({ description: 'By model, as its provider spells it: for models without a known price.' }),
    maxTokens: z.int().min(1).max(1_000_000).optional().meta({
      description:
        'Most tokens of an answer, thinking included; 32000 unless told. A model that can say less is asked for less.',
    }),
    effort: z
      .record(z.string(), z.enum(['low', 'medium', 'high']))
      .optional()
      .meta({
        description:
          "How hard models think: by tier, or by provider/model, which goes before. The provider's own unless told.",
        examples: [{ strategy: 'high', 'openai/gpt-6-luna': 'low' }],
      }),
    most: z.number().positive().optional().meta({ description: 'US dollars that one call may cost at worst.' }),
  })
  .meta({ title: 'models', description: 'Which models the company thinks with.' });
export type ModelsFile = z.infer<typeof Models>;
