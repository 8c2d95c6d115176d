// A story that tells another one again: the same answers, faults and ending, with something else given. So that one story can
// be played in several worlds without being written twice.

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { Token } from '../bus/records.ts';
import { type OrgDocument, readDocument } from '../org/document.ts';
import { type Keys, quote } from '../org/problems.ts';
import { explainIssues } from '../org/shape.ts';
import { Text } from './words.ts';

/** What is written in a file that goes on from another one. */
export const ExtendingFile = z
  .strictObject({
    name: Token,
    title: Text,
    story: Text.optional(),
    extends: Token.meta({
      description:
        'Name of a scenario beside this one: everything is as there, its folder too, but for what is said here.',
    }),
    given: z.record(Text, z.unknown()).meta({ description: 'Each word replaces what is given there.' }),
  })
  .meta({ title: 'scenario' });

/** A story with all that belongs to it. */
export type Whole = {
  /** Complains of each word where it is written. */
  readonly document: OrgDocument;
  /** The story as one YAML text. */
  readonly text: string;
  /** Name of the story whose folder it is told with. */
  readonly home: string | undefined;
};

/**
 * Reads a story, and the one it goes on from. What is wrong is in the document's problems.
 * Throws what reading the file throws.
 */
export async function readWhole(path: string): Promise<Whole> {
  const text = await readFile(path, 'utf8');
  const own = readDocument({ text, file: basename(path) });
  if (!isExtending(own.value)) return { document: own, text, home: undefined };
  const parsed = ExtendingFile.safeParse(own.value);
  if (!parsed.success) return broken(own, explainIssues(ExtendingFile, parsed.error.issues, own).problems);
  const { extends: home, given, ...words } = parsed.data;
  const baseText = await readFile(join(dirname(path), `${home}.yaml`), 'utf8').catch(() => undefined);
  const base = baseText === undefined ? undefined : readDocument({ text: baseText, file: `${home}.yaml` });
  if (baseText === undefined || base === undefined) {
    return broken(own, [own.problem(['extends'], `${quote(home)} is no scenario beside this one`)]);
  }
  if (isExtending(base.value)) {
    return broken(own, [own.problem(['extends'], `${quote(home)} goes on from another one itself`)]);
  }
  const whole = parseDocument(baseText);
  for (const [key, value] of Object.entries(words)) whole.set(key, value);
  for (const [key, value] of Object.entries(given)) whole.setIn(['given', key], whole.createNode(value));
  const isOwn = ([first, second]: Keys) =>
    first === 'given' ? Object.hasOwn(given, String(second)) : Object.hasOwn(words, String(first));
  const document: OrgDocument = {
    value: base.value === undefined ? undefined : whole.toJS(),
    problems: [...own.problems, ...base.problems],
    problem: (keys, message, at) => (isOwn(keys) ? own : base).problem(keys, message, at),
  };
  return { document, text: whole.toString({ lineWidth: 120 }), home };
}

function isExtending(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'extends' in value;
}

function broken(own: OrgDocument, problems: OrgDocument['problems']): Whole {
  return {
    document: { ...own, value: undefined, problems: [...own.problems, ...problems] },
    text: '',
    home: undefined,
  };
}
