// What the company reads, without secrets: what is found is recorded, told to others and put before models.

import type { Findings, Knowledge } from '../brain/knowledge/passage.ts';
import { scrubbed } from '../tools/policy/scrubbed.ts';
import type { Secrets } from '../tools/policy/secrets.ts';

/** The same knowledge; a secret in a document is replaced by its name. */
export function guardedKnowledge(knowledge: Knowledge, secrets: Secrets): Knowledge {
  const clean = async (found: Promise<Findings>): Promise<Findings> => scrubbed(await found, secrets);
  return {
    search: (question) => clean(knowledge.search(question)),
    read: (source) => clean(knowledge.read(source)),
  };
}
