// Text that is YAML but has not the shape of a company: each difference in our words, and what is left of the file without
// them, so that the other checks run all the same.

import { z } from 'zod';
import { FORBIDDEN, type OrgDocument } from './document.ts';
import { didYouMean, type Keys, nearest, type Problem, quote } from './problems.ts';
import { OrgFile } from './schema.ts';

export type Shape = {
  /** What has the right shape; undefined when nothing has. */
  readonly file: OrgFile | undefined;
  readonly problems: readonly Problem[];
  /** Places that are not what they should be: nobody may complain that something is missing there. */
  readonly broken: readonly Keys[];
};

/** Compares the data of a document with the shape of a company. */
export function readShape(document: OrgDocument): Shape {
  const parsed = OrgFile.safeParse(document.value);
  if (parsed.success) return { file: parsed.data, problems: [], broken: [] };
  const { problems, broken } = explainIssues(OrgFile, parsed.error.issues, document);
  return { file: salvage(document.value, parsed.error.issues), problems, broken };
}

/** What a schema has against a document, in our words and at its place; the scenario files are explained by this too. */
export function explainIssues(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  document: OrgDocument,
): { readonly problems: readonly Problem[]; readonly broken: readonly Keys[] } {
  const broken: Keys[] = [];
  const meant = issues.map((issue) => unwrap(issue, document.value));
  return { problems: meant.flatMap((issue) => explain(issue, document, broken, schema)), broken };
}

type Issue = z.core.$ZodIssue;

const keysOf = (issue: Issue): Keys => issue.path.map((key) => (typeof key === 'number' ? key : String(key)));

/** Of a value that fits none of several shapes: what keeps it from the one that was meant. */
function unwrap(issue: Issue, root: unknown): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const meant = issue.errors.filter(
    (branch) => !branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const [first] = meant[0] ?? [];
  if (meant.length !== 1 || first === undefined) return issue;
  return unwrap({ ...first, path: [...issue.path, ...first.path] }, root);
}

function explain(issue: Issue, document: OrgDocument, broken: Keys[], schema: z.ZodType): Problem[] {
  const keys = keysOf(issue);
  if (issue.code === 'unrecognized_keys') {
    const { noun, fields } = describe(keys, schema);
    const unknown = issue.keys.filter((key) => !FORBIDDEN.includes(key));
    return unknown.map((key) => {
      broken.push([...keys, key]);
      const near = nearest(key, fields);
      if (near !== undefined) broken.push([...keys, near]);
      const known = near === undefined ? `; it may have ${fields.join(', ')}` : didYouMean(key, fields);
      return document.problem([...keys, key], `${quote(key)} is no field of ${noun}${known}`, 'key');
    });
  }
  broken.push(keys);
  if (keys.length === 0) return [document.problem([], 'is empty, or no map of fields')];
  const value = valueAt(document.value, keys);
  if (value === undefined) return [document.problem(keys, 'is missing', 'key')];
  return [document.problem(keys, `${quote(value)} ${sentence(issue, keys, value)}`)];
}

/** Said with the value in front: `"codng" is no tier; did you mean "coding"?`. */
function sentence(issue: Issue, keys: Keys, value: unknown): string {
  // Messages of our own schemas start with a verb in lower case, zod's with a capital.
  if (/^[a-z]/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_value': {
      const words = issue.values.map(String);
      const hint = typeof value === 'string' ? didYouMean(value, words) : '';
      return `is no ${nounOf(keys)}${hint || `; it is one of ${words.join(', ')}`}`;
    }
    case 'invalid_type':
      if (issue.expected === 'int') return 'is no whole number';
      return `must be ${NAMES[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `is too small: ${issue.inclusive ? `at least ${issue.minimum}` : `more than ${issue.minimum}`}`;
    case 'too_big':
      return `is too large: ${issue.inclusive ? `at most ${issue.maximum}` : `less than ${issue.maximum}`}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'cannot be a name';
    default:
      return `does not fit: ${issue.message}`;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  boolean: 'true or false',
};

function nounOf(keys: Keys): string {
  const name = keys.findLast((key) => typeof key === 'string') ?? 'value';
  return name === 'ladder' ? 'rung' : String(name);
}

const WHOLES: Readonly<Record<string, string>> = {
  company: 'the company',
  role: 'a role',
  band: 'a band',
  product: 'a product',
  'health check': 'a health check',
  scenario: 'a scenario',
  answer: 'an answer',
  event: 'an event',
  fault: 'a fault',
  condition: 'a condition',
  task: 'a task',
  milestone: 'a milestone',
};

/** What a place in the file is called, and the fields it may have. */
function describe(keys: Keys, root: z.ZodType): { noun: string; fields: string[] } {
  let schema: unknown = root;
  for (const key of keys) schema = inner(schema, key);
  const open = unwrapOptional(schema);
  const object = open instanceof z.ZodUnion ? open.options.find((option) => option instanceof z.ZodObject) : open;
  if (!(object instanceof z.ZodObject)) return { noun: 'value', fields: [] };
  return {
    noun: WHOLES[object.meta()?.title ?? ''] ?? object.meta()?.title ?? 'this',
    fields: Object.keys(object.shape),
  };
}

function unwrapOptional(schema: unknown): unknown {
  const wrapped = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return wrapped ? unwrapOptional(schema.unwrap()) : schema;
}

function inner(schema: unknown, key: string | number): unknown {
  const open = unwrapOptional(schema);
  if (open instanceof z.ZodObject) return open.shape[key];
  if (open instanceof z.ZodRecord) return open.valueType;
  if (open instanceof z.ZodArray) return open.element;
  return undefined;
}

function valueAt(root: unknown, keys: Keys): unknown {
  let value = root;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** Rounds of cutting: a field that is needed takes what needs it along, and so on upwards. */
const MOST_ROUNDS = 8;

/** The file without what does not fit; `company` and `reports`, which every file has, are made up. */
function salvage(value: unknown, issues: readonly Issue[]): OrgFile | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const copy: Record<string, unknown> = JSON.parse(JSON.stringify(value));
  let left = issues;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    for (const issue of left) {
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) cut(copy, [...keysOf(issue), key]);
      else cut(copy, keysOf(issue));
    }
    const again = OrgFile.safeParse({ company: 'company', reports: {}, ...copy });
    if (again.success) return again.data;
    left = again.error.issues;
  }
  return undefined;
}

/** Removes a field; a list goes as a whole, and what is not there takes what is around it along. */
function cut(root: Record<string, unknown>, keys: Keys): void {
  for (let length = keys.length; length > 0; length -= 1) {
    const key = keys[length - 1];
    const around = valueAt(root, keys.slice(0, length - 1));
    if (typeof key !== 'string' || typeof around !== 'object' || around === null || Array.isArray(around)) continue;
    if (!Object.hasOwn(around, key)) continue;
    delete (around as Record<string, unknown>)[key];
    return;
  }
}
