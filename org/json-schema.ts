// org.yaml's shape for editors: completion, hover text and red lines while typing.

import { z } from 'zod';
import { DutyName, OrgFile } from './schema.ts';

/**
 * The JSON Schema (draft 7) of org.yaml, as the text of org.schema.json.
 * @param duties names that editors offer for `duties`; any name passes when none are given
 */
export function orgJsonSchema(duties: Iterable<string> = []): string {
  const names = [...duties].sort();
  const schema = z.toJSONSchema(OrgFile, {
    target: 'draft-7',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === DutyName && names.length > 0) jsonSchema.enum = names;
    },
  });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
