import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { defaultOrgPath, duties, small } from '../tests/fixtures/company-file.ts';
import { orgJsonSchema } from './json-schema.ts';

describe('the schema for editors', () => {
  const text = orgJsonSchema(duties.keys());
  const schema: z.core.JSONSchema.JSONSchema = JSON.parse(text);
  const checked = z.fromJSONSchema(schema);

  test('accepts the company that ships, and knows its fields and duties', () => {
    expect(checked.safeParse(parse(readFileSync(defaultOrgPath, 'utf8'))).error).toBeUndefined();
    expect(Object.keys(schema.properties ?? {})).toContain('reports');
    expect(text).toContain('"write-documents"');
    expect(text).toContain('"description": "How many agents share its mailbox."');
  });

  test.each([
    ['an unknown field', small('compny: x\n')],
    ['an unknown field of a role', small('', '        dutys: []\n')],
    ['an unknown duty', small('', '      a: { duties: [write-cod] }\n')],
    ['an unknown tier', small('', '        tier: lite\n')],
    ['no agents at all', small('', '        instances: 0\n')],
  ])('refuses %s', (_name, yaml) => {
    expect(checked.safeParse(parse(yaml)).success).toBe(false);
  });

  test('is the same text each time, whatever order the duties come in', () => {
    expect(orgJsonSchema([...duties.keys()].reverse())).toBe(text);
    expect(orgJsonSchema()).not.toContain('"write-documents"');
  });
});
