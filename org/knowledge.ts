// The `knowledge` part of org.yaml: where it is kept, and how texts become vectors.

import { z } from 'zod';
import { KeyName } from './key-name.ts';
import type { KnowledgeSettings } from './org.ts';

export const KnowledgeSection = z
  .strictObject({
    store: z.enum(['auto', 'embedded', 'chroma']).optional().meta({
      description:
        'auto: the Chroma server of CHROMA_URL, else where there is knowledge already, else the bundled Chroma server where it runs, else files of the workspace.',
    }),
    embeddings: z.enum(['lexical', 'minilm', 'openai']).optional().meta({
      description:
        'How texts become vectors. lexical needs nothing; minilm an optional package and its weights on disk.',
    }),
    model: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'With openai: the model; text-embedding-3-small unless told.' }),
    dimensions: z.int().min(8).max(8_192).optional().meta({
      description: 'With openai: the length of its vectors; 1536 unless told.',
    }),
    url: z
      .url({ protocol: /^https?$/, error: 'is no http address' })
      .optional()
      .meta({ description: 'With openai: an OpenAI-compatible server; its own unless told.' }),
    key: KeyName.optional().meta({
      description:
        'With openai: the variable that holds the key; OPENAI_API_KEY at its own address, none at any other.',
    }),
  })
  .meta({ title: 'knowledge', description: 'What the company has read, and how it is found.' });
export type KnowledgeFile = z.infer<typeof KnowledgeSection>;

export function knowledgeOf(file: KnowledgeFile | undefined): KnowledgeSettings {
  return {
    store: file?.store ?? 'auto',
    embeddings: file?.embeddings ?? 'lexical',
    model: file?.model ?? 'text-embedding-3-small',
    dimensions: file?.dimensions ?? 1_536,
    url: file?.url,
    key: file?.key,
  };
}
