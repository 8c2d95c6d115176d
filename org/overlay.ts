// A company with changes on top, for a scenario: a JSON merge patch (null removes, maps merge, the rest replaces), in which
// roles go by name, wherever they sit, under `roles`. `reportsTo` moves a role with everybody below it, or places a new
// one; who reported to a removed role reports to its boss. A patch with `reports` of its own replaces the whole company.

import { parseDocument, stringify } from 'yaml';
import { DEFAULT_PERSON } from './checks.ts';
import { type LoadOptions, loadOrg, type OrgSource } from './load.ts';
import type { Org } from './org.ts';
import { didYouMean, type Keys, OrgInvalid, type Place, type Problem, quote } from './problems.ts';

type Fields = Record<string, unknown>;
/** Roles by name, without their nesting; boss undefined = the person. */
type Flat = Map<string, { boss: string | undefined; fields: Fields }>;

/** Finds where a patch says something: keys of the patch to a place in the file it was read from. */
export type LocatePatch = (keys: Keys) => { readonly file: string; readonly place: Place } | undefined;

/**
 * Loads a company with a patch on top. Both are checked in full: first the company as it is, then as it becomes.
 * @param locate where the patch was written, for errors
 * @throws OrgInvalid, OrgUnreadable
 */
export function loadPatched(source: OrgSource, patch: unknown, options: LoadOptions, locate?: LocatePatch): Org {
  const base = loadOrg(source, options);
  if (patch === undefined || patch === null) return base;
  try {
    return loadOrg({ ...source, text: overlayOrg(source.text, patch) }, options);
  } catch (error) {
    if (!(error instanceof OrgInvalid)) throw error;
    const moved = error.problems.map((problem): Problem => {
      const at = locate?.(problem.keys);
      return { ...problem, file: at?.file ?? 'org patch', place: at?.place };
    });
    throw new OrgInvalid(moved, 'correct the `org` part; it is a patch on the company file');
  }
}

/**
 * The text of a company file with a patch applied. Comments are lost, and the result is not checked: load it.
 * @throws OrgInvalid when the patch names a role that is not there, or somebody would be their own boss
 */
export function overlayOrg(baseText: string, patch: unknown): string {
  const doc = parseDocument(baseText, { prettyErrors: false, logLevel: 'error' });
  const base: unknown = doc.errors.length > 0 ? undefined : doc.toJS({ maxAliasCount: 50 });
  // What is wrong with the file itself is the loader's to say.
  if (!isFields(base) || patch === undefined || patch === null) return baseText;
  if (!isFields(patch)) throw new OrgInvalid([problem([], `${quote(patch)} must be a map`)]);
  const { roles, reports, ...rest } = patch;
  const merged = merge(base, rest);
  if (reports !== undefined) merged.reports = reports;
  if (roles === undefined) return stringify(merged, { lineWidth: 0 });
  if (!isFields(roles)) throw new OrgInvalid([problem(['roles'], `${quote(roles)} must be a map of roles by name`)]);
  const flat: Flat = new Map();
  flatten(merged.reports, undefined, flat);
  const problems: Problem[] = [];
  const person = typeof merged.person === 'string' ? merged.person : DEFAULT_PERSON;
  for (const [name, role] of Object.entries(roles)) patchRole(flat, name, role, person, problems);
  for (const [name, role] of Object.entries(roles)) {
    if (isFields(role) && role.reportsTo !== undefined) problems.push(...checkBoss(flat, name));
  }
  if (problems.length > 0) throw new OrgInvalid(problems, 'correct the `org` part; it is a patch on the company file');
  merged.reports = nest(flat, undefined);
  return stringify(merged, { lineWidth: 0 });
}

function problem(keys: Keys, message: string): Problem {
  return { file: 'org patch', place: undefined, keys, message };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7386. */
function merge(base: unknown, patch: Fields): Fields {
  const merged = new Map(Object.entries(isFields(base) ? base : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, isFields(value) ? merge(merged.get(key), value) : value);
  }
  return Object.fromEntries(merged);
}

function flatten(reports: unknown, boss: string | undefined, flat: Flat): void {
  if (!isFields(reports)) return;
  for (const [name, role] of Object.entries(reports)) {
    const { reports: below, ...fields } = isFields(role) ? role : {};
    flat.set(name, { boss, fields });
    flatten(below, name, flat);
  }
}

function nest(flat: Flat, boss: string | undefined): Fields {
  const reports = [...flat].filter(([, role]) => role.boss === boss);
  return Object.fromEntries(
    reports.map(([name, { fields }]) => {
      const below = nest(flat, name);
      return [name, Object.keys(below).length === 0 ? fields : { ...fields, reports: below }];
    }),
  );
}

function patchRole(flat: Flat, name: string, role: unknown, person: string, problems: Problem[]): void {
  const known = flat.get(name);
  const keys = ['roles', name];
  if (role === null) {
    if (known === undefined) problems.push(problem(keys, `${quote(name)} is no role${didYouMean(name, flat.keys())}`));
    else remove(flat, name, known.boss);
    return;
  }
  if (!isFields(role)) {
    problems.push(problem(keys, `${quote(role)} must be a map of fields, or null to remove the role`));
    return;
  }
  const { reportsTo, ...fields } = role;
  if (reportsTo !== undefined && typeof reportsTo !== 'string') {
    problems.push(problem([...keys, 'reportsTo'], `${quote(reportsTo)} must be the name of a role`));
  } else if (known === undefined && reportsTo === undefined) {
    const hint = didYouMean(name, flat.keys());
    problems.push(
      problem(keys, `${quote(name)} is no role${hint || '; a new one says who it reports to (reportsTo)'}`),
    );
  } else {
    const boss = reportsTo === undefined ? known?.boss : reportsTo === person ? undefined : reportsTo;
    flat.set(name, { boss, fields: merge(known?.fields, fields) });
  }
}

function remove(flat: Flat, name: string, boss: string | undefined): void {
  flat.delete(name);
  for (const role of flat.values()) if (role.boss === name) role.boss = boss;
}

function checkBoss(flat: Flat, name: string): Problem[] {
  const keys = ['roles', name, 'reportsTo'];
  const seen = new Set([name]);
  for (let boss = flat.get(name)?.boss; boss !== undefined; boss = flat.get(boss)?.boss) {
    if (boss === name)
      return [problem(keys, `${quote(flat.get(name)?.boss)} works below ${name}: nobody is their own boss`)];
    if (seen.has(boss)) return [];
    if (!flat.has(boss)) {
      return boss === flat.get(name)?.boss
        ? [problem(keys, `${quote(boss)} is no role${didYouMean(boss, flat.keys())}`)]
        : [];
    }
    seen.add(boss);
  }
  return [];
}
