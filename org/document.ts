// A company file as YAML: text to data, with what YAML itself gets wrong, and the place of every key and value.

import {
  Alias,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import { reasonOf } from '../bus/errors.ts';
import { type Keys, type Place, type Problem, quote, roleKeys } from './problems.ts';

/** A company file is read by people; this is ten times the longest that makes sense. */
const LONGEST_TEXT = 512 * 1024;

/** Aliases may stand for this many nodes; more is an alias bomb. */
const MOST_ALIASES = 50;

/** Keys that reach into every JavaScript object. */
export const FORBIDDEN: readonly string[] = ['__proto__', 'constructor', 'prototype'];

export type Source = { readonly text: string; readonly file: string };

export type OrgDocument = {
  /** Undefined when the text is not YAML enough to look further. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Makes a problem with a value, or with the key in front of it. */
  problem(keys: Keys, message: string, at?: 'key' | 'value'): Problem;
};

/** Reads text as YAML; what is wrong with it comes back as problems, never as a throw. */
export function readDocument({ text, file }: Source): OrgDocument {
  const counter = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const broken = (message: string, offset = 0): OrgDocument => ({
    value: undefined,
    problems: [{ file, place: offset === 0 ? { line: 1, column: 1 } : placeAt(offset), keys: [], message }],
    problem: (keys, text) => ({ file, place: undefined, keys: roleKeys(keys), message: text }),
  });
  if (text.length > LONGEST_TEXT) return broken(`is longer than ${LONGEST_TEXT / 1024} KB`);
  try {
    const doc = parseDocument(text, {
      lineCounter: counter,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    const problems: Problem[] = doc.errors.map(({ message, pos }) => ({
      file,
      place: placeAt(pos[0]),
      keys: [],
      message: `is no YAML: ${message}`,
    }));
    const problem: OrgDocument['problem'] = (keys, message, at = 'value') => {
      const offset = offsetOf(doc, keys, at);
      return { file, place: placeAt(offset), keys: roleKeys(keys), message };
    };
    if (problems.some(({ message }) => /call stack/i.test(message))) return broken('is nested too deeply');
    if (problems.length > 0) return { value: undefined, problems, problem };
    lint(doc, (node, keys, message) => {
      problems.push({ file, place: placeAt(node.range?.[0] ?? 0), keys: roleKeys(keys), message });
    });
    // An alias that refers to nothing or to itself has no value, and a key that is no word no name.
    const readable = !problems.some(({ message }) => message.startsWith('*') || message === NO_WORD);
    return { value: readable ? doc.toJS({ maxAliasCount: MOST_ALIASES }) : undefined, problems, problem };
  } catch (cause) {
    const reason = reasonOf(cause);
    if (/alias count/i.test(reason))
      return broken(`has aliases that stand for more than ${MOST_ALIASES} copies`, text.indexOf('*'));
    return broken(/call stack/i.test(reason) ? 'is nested too deeply' : `is no YAML: ${reason}`);
  }
}

const NO_WORD = 'has a key that is no word';

type Complain = (node: Node, keys: Keys, message: string) => void;

/** What YAML allows and a company file does not: keys written twice, keys that are no words, tags, unsound aliases. */
function lint(doc: Document, complain: Complain): void {
  const walk = (node: unknown, keys: Keys, above: readonly unknown[]): void => {
    if (node instanceof Alias) {
      const target = node.resolve(doc);
      if (target === undefined) complain(node, keys, `*${node.source} refers to nothing`);
      else if (above.includes(target)) complain(node, keys, `*${node.source} refers to itself`);
      return;
    }
    if (isScalar(node) || isMap(node) || isSeq(node)) {
      if (node.tag !== undefined) complain(node, keys, `${quote(node.tag)} is a tag; a company file has none`);
    }
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...keys, index], [...above, node]);
    if (!isMap(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = wordOf(key);
      if (name === undefined) {
        complain(isNode(key) ? key : node, keys, NO_WORD);
        continue;
      }
      const at = isNode(key) ? key : node;
      if (FORBIDDEN.includes(name)) complain(at, [...keys, name], `${quote(name)} cannot be a name`);
      else if (seen.has(name)) complain(at, [...keys, name], `${quote(name)} is written twice; keep one`);
      seen.add(name);
      walk(value, [...keys, name], [...above, node]);
    }
  };
  walk(doc.contents, [], []);
}

function wordOf(key: unknown): string | undefined {
  return isScalar(key) && key.value !== null ? String(key.value) : undefined;
}

/** The last pair with this key: the one whose value counts. */
function pairOf(node: unknown, key: string | number): Pair | undefined {
  return isMap(node) ? node.items.findLast((pair) => wordOf(pair.key) === String(key)) : undefined;
}

/** Where a value (or its key) is written; for what is missing, the key of the nearest thing around it. */
function offsetOf(doc: Document, keys: Keys, at: 'key' | 'value'): number {
  let node: unknown = doc.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [index, key] of keys.entries()) {
    if (node instanceof Alias) node = node.resolve(doc);
    const last = index === keys.length - 1;
    const pair = pairOf(node, key);
    const item = pair === undefined && isSeq(node) && typeof key === 'number' ? node.items[key] : pair?.value;
    if (pair === undefined && item === undefined) return offset;
    const start = (part: unknown) => (isNode(part) ? part.range?.[0] : undefined);
    offset = start(last && at === 'value' ? item : (pair?.key ?? item)) ?? start(pair?.key) ?? offset;
    node = item;
  }
  return offset;
}
