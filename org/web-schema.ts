// The web as org.yaml gives it to the company. Without this section there is none.

import { z } from 'zod';
import { searchProviders } from '../bus/policy.ts';
import { KeyName } from './key-name.ts';

const HOST = /^(?:\*|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+)$/;

export const WebFile = z
  .strictObject({
    provider: z.enum(searchProviders).optional().meta({ description: 'The search engine; duckduckgo unless told.' }),
    key: KeyName.optional().meta({ description: 'The variable that holds the key of the search engine.' }),
    url: z
      .url({ protocol: /^https?$/, error: 'is no URL' })
      .optional()
      .meta({ description: 'Where the search engine is, when it is not at its usual address.' }),
    allow: z
      .array(z.string().regex(HOST, 'is no host; write example.com, "*.example.com" or "*"'))
      .max(200)
      .optional()
      .meta({ description: 'Hosts that may be read; nothing else. Private addresses never.' }),
    research: z
      .boolean()
      .optional()
      .meta({ description: 'Strategy looks around before it decides; false unless told.' }),
  })
  .meta({ title: 'web', description: 'What the company may see of the web.' });
export type WebFile = z.infer<typeof WebFile>;
