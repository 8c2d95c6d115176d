import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answers } from '../answers.ts';
import type { Purpose } from './model.ts';
import { isClosed, openAiSchemaOf } from './structured.ts';

function schemaOf(type: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(type, { io: 'input' });
}

describe('structured answers', () => {
  it('are asked for all purposes but the one that has a choice at the top', () => {
    const purposes = Object.keys(answers) as Purpose[];
    expect(purposes.filter((purpose) => !isClosed(schemaOf(answers[purpose])))).toEqual(['staff']);
  });

  it.each([
    ['a free-form object', z.strictObject({ any: z.record(z.string(), z.string()) })],
    ['a value of any kind', z.strictObject({ any: z.unknown() })],
    ['an open object', z.looseObject({ a: z.string() })],
    ['a list at the top', z.array(z.string())],
  ])('are not asked of a schema with %s', (_, type) => {
    expect(isClosed(schemaOf(type))).toBe(false);
  });
});

describe('strict mode of OpenAI', () => {
  it('asks for what has a default, and leaves lengths and formats to our own parsing', () => {
    const type = z.strictObject({
      verdict: z.enum(['approve', 'reject']),
      notes: z.array(z.string().min(1)).default([]),
    });
    expect(openAiSchemaOf(schemaOf(type))).toEqual({
      strict: true,
      schema: {
        type: 'object',
        properties: {
          verdict: { type: 'string', enum: ['approve', 'reject'] },
          notes: { type: 'array', items: { type: 'string' } },
        },
        required: ['verdict', 'notes'],
        additionalProperties: false,
      },
    });
  });

  it('is not used where something may be absent without a default', () => {
    const type = z.strictObject({ a: z.string(), list: z.array(z.strictObject({ b: z.string().optional() })) });
    const { schema, strict } = openAiSchemaOf(schemaOf(type));
    expect(strict).toBe(false);
    expect(schema).toMatchObject({ properties: { list: { items: { properties: { b: {} } } } } });
    expect(schema).not.toHaveProperty('$schema');
  });

  it('is not used for keywords that it may not know', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', not: {} } },
      required: ['a'],
      additionalProperties: false,
    };
    expect(openAiSchemaOf(schema)).toEqual({ schema, strict: false });
  });

  it('holds the answers to questions and reviews of the company', () => {
    for (const purpose of ['strategy', 'advise', 'review', 'answer'] as const) {
      expect(openAiSchemaOf(schemaOf(answers[purpose])).strict, purpose).toBe(true);
    }
  });
});
