// Adding a role to a company file as a careful person would: one insertion, everything else as it was, comments included.

import { isDeepStrictEqual } from 'node:util';
import { type Document, isCollection, isMap, isNode, isPair, isScalar, parse, parseDocument, type YAMLMap } from 'yaml';
import { HeadcountError } from '../bus/errors.ts';
import { DEFAULT_PERSON } from './checks.ts';
import type { Tier } from './org.ts';
import { didYouMean, quote } from './problems.ts';

export type NewRole = {
  readonly name: string;
  /** A role, or the person at the top. */
  readonly reportsTo: string;
  readonly duties: readonly string[];
  readonly title?: string | undefined;
  readonly tier?: Tier | undefined;
  readonly instances?: number | undefined;
};

/** A role cannot be added there; the message says why. */
export class RoleRefused extends HeadcountError {
  override readonly name = 'RoleRefused';
  constructor(message: string, next: string) {
    super('ROLE_REFUSED', message, next, { exit: 2 });
  }
}

/**
 * The text of a company file with one more role, last among its boss's reports. The result is not checked: load it.
 * @throws RoleRefused when the boss is unknown, the name is taken, or the text is no YAML
 */
export function addRole(text: string, role: NewRole): string {
  const boss = findBoss(read(text), role);
  const spliced = splice(text, boss, role) ?? spliceInline(text, boss, role);
  const changed = read(text);
  append(changed, findBoss(changed, role), role);
  // The insertion is trusted only when it reads back as exactly this one change.
  return spliced !== undefined && sameData(spliced, changed) ? spliced : changed.toString({ lineWidth: 0 });
}

function read(text: string): Document {
  const doc = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  if (doc.errors.length === 0 && isMap(doc.contents)) return doc;
  throw new RoleRefused('the company file is no YAML as it stands', 'correct it; `headcount org check` says where');
}

/** The map that the role belongs under: its boss's, or the whole file for the person. */
function findBoss(doc: Document, { name, reportsTo }: NewRole): YAMLMap {
  const roles = new Map<string, YAMLMap>();
  if (isMap(doc.contents)) collect(doc.contents, roles);
  if (roles.has(name)) throw new RoleRefused(`${quote(name)} is a role already`, 'choose another name');
  const person = doc.get('person');
  const atTop = reportsTo === (typeof person === 'string' ? person : DEFAULT_PERSON);
  const boss: unknown = atTop ? doc.contents : roles.get(reportsTo);
  if (isMap(boss)) return boss;
  const hint = didYouMean(reportsTo, roles.keys());
  throw new RoleRefused(`nobody is called ${quote(reportsTo)}${hint}`, '`headcount org` draws who works here');
}

/** Every role of the file by name; of two with one name, the first. */
function collect(above: YAMLMap, roles: Map<string, YAMLMap>): void {
  const reports = above.get('reports');
  if (!isMap(reports)) return;
  for (const { key, value } of reports.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (!isMap(value)) continue;
    if (!roles.has(name)) roles.set(name, value);
    collect(value, roles);
  }
}

function fieldsOf({ duties, title, tier, instances }: NewRole): Record<string, unknown> {
  const fields = { title, tier, duties: [...duties], instances };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function append(doc: Document, boss: YAMLMap, role: NewRole): void {
  const reports = boss.get('reports');
  if (isMap(reports)) reports.add(doc.createPair(role.name, doc.createNode(fieldsOf(role), { flow: true })));
  else boss.set('reports', doc.createNode({ [role.name]: fieldsOf(role) }));
}

function sameData(text: string, doc: Document): boolean {
  const data = (each: Document): unknown => each.toJS({ maxAliasCount: 50 });
  const again = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  return again.errors.length === 0 && isDeepStrictEqual(data(again), data(doc));
}

/** The text with the role's lines put in after the last line of its boss; undefined where lines cannot say it (flow style). */
function splice(text: string, boss: YAMLMap, role: NewRole): string | undefined {
  const reports = boss.get('reports');
  if (boss.flow || (boss.has('reports') && (!isMap(reports) || reports.flow))) return undefined;
  const around = isMap(reports) ? reports : boss;
  const key = around.items[0]?.key;
  const after = endOf(around);
  if (after === undefined || !isScalar(key) || !key.range) return undefined;
  const indent = ' '.repeat(key.range[0] - (text.lastIndexOf('\n', key.range[0] - 1) + 1));
  const inBlocks = isMap(reports) && reports.items.every(({ value }) => isMap(value) && !value.flow);
  const lines = isMap(reports)
    ? roleLines(role, indent, inBlocks)
    : [`${indent}reports:`, ...roleLines(role, `${indent}  `, inBlocks)];
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const end = text[after - 1] === '\n' ? after : text.indexOf('\n', after) + 1;
  const [above, below] = end === 0 ? [`${text}${newline}`, ''] : [text.slice(0, end), text.slice(end)];
  return `${above}${lines.join(newline)}${newline}${below}`;
}

/** The text with the role put in front of the closing brace of its boss's reports, or of its boss; undefined outside of flow style. */
function spliceInline(text: string, boss: YAMLMap, role: NewRole): string | undefined {
  const reports = boss.get('reports');
  const around = isMap(reports) ? reports : boss;
  const brace = around.range ? around.range[1] - 1 : -1;
  if (!around.flow || text[brace] !== '}' || (boss.has('reports') && !isMap(reports))) return undefined;
  const [entry = ''] = roleLines(role, '', false);
  const inside = text.slice(0, brace).trimEnd();
  const comma = around.items.length > 0 && !inside.endsWith(',') ? ',' : '';
  const end = text.slice(inside.length, brace) || ' ';
  return `${inside}${comma} ${isMap(reports) ? entry : `reports: { ${entry} }`}${end}${text.slice(brace)}`;
}

/** Where the text of a node ends: for a block, where its last line does. */
function endOf(part: unknown): number | undefined {
  if (isPair(part)) return endOf(part.value) ?? endOf(part.key);
  if (isCollection(part) && !part.flow) return endOf(part.items.at(-1));
  return isNode(part) ? part.range?.[1] : undefined;
}

function roleLines(role: NewRole, indent: string, inBlocks: boolean): string[] {
  const fields = Object.entries(fieldsOf(role)).map(([key, value]) => `${key}: ${inFlow(value)}`);
  if (!inBlocks) return [`${indent}${role.name}: { ${fields.join(', ')} }`];
  return [`${indent}${role.name}:`, ...fields.map((field) => `${indent}  ${field}`)];
}

function inFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inFlow).join(', ')}]`;
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[A-Za-z][\w -]*$/.test(value) && parse(value) === value ? value : JSON.stringify(value);
}
