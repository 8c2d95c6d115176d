// The contract is all that a model knows of the answer it must give: what keeps it is accepted, whoever wrote it.

import { describe, expect, test } from 'vitest';
import { answers, checkAnswer, contractOf } from './answers.ts';
import type { Purpose } from './models/model.ts';

type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
};

/** Values that keep a schema, written by somebody who knows nothing else: as little as it asks for, or all that it names. */
function valuesOf(schema: Schema, all: boolean): readonly unknown[] {
  const { type, anyOf = schema.oneOf } = schema;
  if (anyOf !== undefined) return anyOf.flatMap((one) => valuesOf(one, all));
  if (schema.const !== undefined) return [schema.const];
  if (schema.enum !== undefined) return schema.enum;
  if (type === 'string') return ['said'];
  if (type === 'number' || type === 'integer') return [7];
  if (type === 'boolean') return [true, false];
  if (type === 'array') {
    const items = schema.items === undefined ? [] : valuesOf(schema.items, all);
    return items.map((item) => Array.from({ length: schema.minItems ?? 1 }, () => item));
  }
  if (type !== 'object') throw new Error(`nobody knows what to write for ${JSON.stringify(schema)}`);
  const { properties = {}, required = [] } = schema;
  const names = Object.keys(properties).filter((name) => all || required.includes(name));
  return names.reduce<readonly object[]>(
    (found, name) => {
      const values = valuesOf(properties[name] ?? {}, all);
      return found.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
    },
    [{}],
  );
}

/** The one rule that the schema cannot say; a field of it says so in words. */
const BLOCKER = 'Why it is partial or blocked; left out when it is complete.';

function keepsWords(value: unknown): boolean {
  const { report, ...own } = value as { report?: unknown; status?: string; blocker?: string };
  if (report !== undefined) return keepsWords(report);
  return own.status === undefined || (own.status === 'complete') === (own.blocker === undefined);
}

describe.each(Object.keys(answers) as Purpose[])('the contract of %s', (purpose) => {
  const { text, schema } = contractOf(purpose);

  test.each([
    ['no more than it asks for', false],
    ['all that it names', true],
  ])('is kept by an answer with %s', (_, all) => {
    const written = valuesOf(schema as Schema, all);
    const values = text.includes(BLOCKER) ? written.filter(keepsWords) : written;
    expect(values.length).toBeGreaterThan(0);
    const refused = values.flatMap((value) => {
      const checked = checkAnswer(purpose, value);
      return checked.ok ? [] : [checked.reason];
    });
    expect([...new Set(refused)]).toEqual([]);
  });

  test('names all that an answer cannot do without', () => {
    const { required = [] } = schema as Schema;
    for (const value of valuesOf(schema as Schema, true)
      .filter(keepsWords)
      .slice(0, 50)) {
      for (const name of required) {
        const { [name]: _, ...rest } = value as Record<string, unknown>;
        expect([name, checkAnswer(purpose, rest).ok]).toEqual([name, false]);
      }
    }
  });
});

test.each(['partial', 'blocked'] as const)(
  'honest work that is %s is accepted with no more than why and what',
  (status) => {
    expect(checkAnswer('work', { status, blocker: 'missing_context', summary: 'Half of it' })).toMatchObject({
      ok: true,
    });
  },
);
