// Whether a provider can hold a model to a JSON Schema. What it cannot hold it to still stands in the prompt, and the
// answer is parsed with the full schema in any case (brain/answers.ts): this only decides what is asked of the provider.

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
  return schema.type === 'object' && every(schema, saysWhatItIs);
}

/** True when OpenAI's strict mode takes the schema as it is: closed, all properties required, nothing it does not know. */
export function permitsStrict(schema: JsonSchema): boolean {
  return isClosed(schema) && every(schema, (node) => requiresAll(node) && Object.keys(node).every(isKnownToStrict));
}

/** A schema without the name of its dialect, which some providers refuse. */
export function withoutDialect({ $schema: _, ...schema }: JsonSchema): Record<string, unknown> {
  return schema;
}

function saysWhatItIs(node: Node): boolean {
  if (node.type === 'object') return node.properties !== undefined && node.additionalProperties === false;
  const shapes = [node.anyOf, node.oneOf, node.enum, node.const, node.$ref];
  return typeof node.type === 'string' || shapes.some((shape) => shape !== undefined);
}

function requiresAll({ type, properties = {}, required = [] }: Node): boolean {
  return type !== 'object' || Object.keys(properties).every((name) => required.includes(name));
}

const strictKeywords = new Set([
  ...['$schema', '$defs', '$ref', 'title', 'description', 'type', 'enum', 'const', 'anyOf', 'pattern', 'format'],
  ...['properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
]);

function isKnownToStrict(keyword: string): boolean {
  return strictKeywords.has(keyword);
}

/** True when a schema and all schemas in it keep a rule. */
function every(schema: unknown, rule: (node: Node) => boolean): boolean {
  const parsed = Node.safeParse(schema);
  if (!parsed.success || !rule(parsed.data)) return false;
  const { properties = {}, $defs = {}, anyOf = [], oneOf = [], items } = parsed.data;
  const inner = [...Object.values(properties), ...Object.values($defs), ...anyOf, ...oneOf];
  return [...inner, ...(items === undefined ? [] : [items])].every((one) => every(one, rule));
}
