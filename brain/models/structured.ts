// Whether a provider can hold a model to a JSON Schema, and to how much of it. What it cannot hold it to still stands in the
// prompt, and the answer is parsed with the full schema in any case (brain/answers.ts): this only decides what is asked of
// the provider.

import { z } from 'zod';
import type { JsonSchema } from './wire.ts';

const Node = z.looseObject({
  type: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  $defs: z.record(z.string(), z.unknown()).optional(),
});
type Node = z.infer<typeof Node>;

/**
 * True when the schema is an object whose parts all say what they are: no free-form objects, no values of any kind. Only
 * such a schema can be turned into a grammar.
 */
export function isClosed(schema: JsonSchema): boolean {
  return schema.type === 'object' && isClosedNode(schema);
}

function isClosedNode(schema: unknown): boolean {
  const { data: node } = Node.safeParse(schema);
  return node !== undefined && saysWhatItIs(node) && partsOf(node).every(isClosedNode);
}

function saysWhatItIs(node: Node): boolean {
  if (node.type === 'object') return node.properties !== undefined && node.additionalProperties === false;
  const shapes = [node.anyOf, node.oneOf, node.enum, node.const, node.$ref];
  return typeof node.type === 'string' || shapes.some((shape) => shape !== undefined);
}

function partsOf({ properties = {}, $defs = {}, anyOf = [], oneOf = [], items }: Node): unknown[] {
  const inner = [...Object.values(properties), ...Object.values($defs), ...anyOf, ...oneOf];
  return items === undefined ? inner : [...inner, items];
}

/** A schema in the words of OpenAI; `strict`: the model is held to it. */
export type OpenAiSchema = { readonly schema: Record<string, unknown>; readonly strict: boolean };

/**
 * A schema as OpenAI takes it. Strict mode demands that every property is required and knows few keywords. It is used where
 * that asks for nothing the answer must not have: lengths and formats are left to our own parsing, what has a default is
 * asked for, but one optional property without a default, and the schema goes as it is, not strict.
 */
export function openAiSchemaOf(schema: JsonSchema): OpenAiSchema {
  const strict = isClosed(schema) ? strictOf(schema) : undefined;
  if (strict) return { schema: strict, strict: true };
  const { $schema: _, ...rest } = schema;
  return { schema: rest, strict: false };
}

/** Keywords that strict mode knows and that stay as they are. */
const kept = [
  '$ref',
  'title',
  'description',
  'type',
  'enum',
  'const',
  'additionalProperties',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
];

/** Keywords that may be left out: our own parsing checks them, or they say nothing about the answer. */
const droppable = [
  '$schema',
  'default',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
];

/** Keywords with schemas in them. */
const nested = ['properties', 'required', 'items', 'anyOf', 'oneOf', '$defs'];

const understood = new Set([...kept, ...droppable, ...nested]);

/** The schema in strict mode's words; undefined when it cannot be said there. */
function strictOf(schema: unknown): Record<string, unknown> | undefined {
  const { data: node } = Node.safeParse(schema);
  if (!node || !Object.keys(node).every((keyword) => understood.has(keyword))) return undefined;
  const properties = node.properties && strictProperties(node.properties, node.required ?? []);
  const definitions = node.$defs && strictMap(node.$defs);
  const choices = (node.anyOf ?? node.oneOf)?.map(strictOf);
  const items = node.items === undefined ? undefined : strictOf(node.items);
  const isLost =
    (node.properties && !properties) ||
    (node.$defs && !definitions) ||
    choices?.some((choice) => choice === undefined) ||
    (node.items !== undefined && !items);
  if (isLost) return undefined;
  return {
    ...Object.fromEntries(Object.entries(node).filter(([keyword]) => kept.includes(keyword))),
    ...(properties ? { properties, required: Object.keys(properties) } : {}),
    ...(definitions ? { $defs: definitions } : {}),
    ...(choices ? { anyOf: choices } : {}),
    ...(items ? { items } : {}),
  };
}

/** Every property becomes required; one that may be absent can, when it has a default. */
function strictProperties(
  properties: Readonly<Record<string, unknown>>,
  required: readonly string[],
): Record<string, unknown> | undefined {
  const canBeAsked = Object.entries(properties).every(
    ([name, property]) => required.includes(name) || Node.safeParse(property).data?.default !== undefined,
  );
  return canBeAsked ? strictMap(properties) : undefined;
}

function strictMap(schemas: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const strict = Object.entries(schemas).map(([name, schema]) => [name, strictOf(schema)] as const);
  return strict.every(([, schema]) => schema !== undefined) ? Object.fromEntries(strict) : undefined;
}
