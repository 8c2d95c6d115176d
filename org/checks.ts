// What the shape of org.yaml cannot say: names are unique, duties exist, everybody can be given work, prompts are there,
// every escalation is heard, and the numbers add up.

import { matches, subjects } from '../bus/subjects.ts';
import type { OrgDocument } from './document.ts';
import { checkEngineChoice, checkEngines } from './engine-checks.ts';
import { checkMilestones, checkStanding } from './learning-checks.ts';
import { checkModels } from './model-checks.ts';
import { checkRetry, checkReward } from './number-checks.ts';
import { didYouMean, type Keys, nearest, type Problem, quote } from './problems.ts';
import { type OrgFile, ROLE_NAME, type RoleFile } from './schema.ts';

/** What the company file needs to know of a duty; whoever has the duties hands this in. */
export type DutyFacts = {
  /** It does the tasks in a role's mailbox. */
  readonly task: boolean;
  /** It may be on a schedule. */
  readonly schedulable: boolean;
  /** Subjects that a standing duty listens to besides its clock and its role's mailbox. */
  readonly filters?: readonly string[];
  /** Types of task that a task duty does; left out: any. */
  readonly types?: readonly string[];
};

export type Duties = ReadonlyMap<string, DutyFacts>;

export type CheckOptions = {
  readonly duties: Duties;
  /** The text of a prompt file by its path relative to the company file; undefined when there is none inside the folder. */
  readonly readPrompt: (path: string) => string | undefined;
  /** Places of the wrong shape: nothing is called missing there. */
  readonly broken: readonly Keys[];
};

/** A role as the file has it, with its place. */
export type PlacedRole = {
  readonly name: string;
  readonly boss: string | undefined;
  readonly keys: Keys;
  readonly role: RoleFile;
};

/** Every role, bosses before their reports, in the order of the file. */
export function rolesOf(
  reports: Readonly<Record<string, RoleFile>>,
  boss?: string,
  above: Keys = [],
): readonly PlacedRole[] {
  return Object.entries(reports).flatMap(([name, role]) => {
    const keys = [...above, 'reports', name];
    return [{ name, boss, keys, role }, ...rolesOf(role.reports ?? {}, name, keys)];
  });
}

/** The prompt file of a role: as written, or the one named after it. */
export function promptPath({ name, role }: Pick<PlacedRole, 'name' | 'role'>): string {
  return role.prompt ?? `prompts/${name}.md`;
}

/** Sources of messages that are nobody's: an agent called so could pass for them. */
const RESERVED = ['harness', 'operator', 'supervisor', 'clock', 'scenario'];

export const DEFAULT_PERSON = 'founder';

/** Every problem of a file that has the right shape. */
export function checkOrg(file: OrgFile, document: OrgDocument, options: CheckOptions): Problem[] {
  const roles = rolesOf(file.reports);
  return [
    ...checkNames(file, roles, document),
    ...roles.flatMap((placed) => checkDuties(placed, document, options)),
    ...checkClocks(roles, document),
    ...roles.flatMap((placed) => checkPrompt(placed, document, options)),
    ...checkEscalation(roles, document, options),
    ...checkRetry([], undefined, file.retry, document),
    ...roles.flatMap(({ keys, role }) => checkRetry(keys, file.retry, role.retry, document)),
    ...checkEngines(file, document),
    ...roles.flatMap((placed) => checkEngineChoice(placed, document, typesOf(placed, options))),
    ...checkModels(file, document, [...new Set(roles.flatMap((placed) => typesOf(placed, options)))]),
    ...checkReward(file, document),
    ...checkStanding(file, document),
    ...checkMilestones(file, document),
  ];
}

/** The types of task that a role's duties do. */
function typesOf({ role }: PlacedRole, { duties }: CheckOptions): readonly string[] {
  return (role.duties ?? []).flatMap((duty) => duties.get(duty)?.types ?? []);
}

function checkNames(file: OrgFile, roles: readonly PlacedRole[], document: OrgDocument): Problem[] {
  const problems: Problem[] = [];
  const person = file.person ?? DEFAULT_PERSON;
  if (RESERVED.includes(person)) {
    problems.push(document.problem(['person'], `${quote(person)} is taken: the system speaks under that name`));
  }
  const first = new Map<string, PlacedRole>();
  for (const placed of roles) {
    const { name, keys } = placed;
    const complain = (message: string) => problems.push(document.problem(keys, `${quote(name)} ${message}`, 'key'));
    const other = first.get(name);
    if (!ROLE_NAME.test(name)) {
      complain('is no role name: lower-case letters, digits and _, starting with a letter, at most 32');
    } else if (RESERVED.includes(name)) complain('is taken: the system speaks under that name');
    else if (name === person) complain('is the person at the top and cannot be a role as well');
    else if (other !== undefined) {
      const line = document.problem(other.keys, '', 'key').place?.line;
      complain(`is a role already${line === undefined ? '' : `, on line ${line}`}; everybody has one boss`);
    }
    if (other === undefined) first.set(name, placed);
  }
  return problems;
}

function checkDuties({ name, keys, role }: PlacedRole, document: OrgDocument, options: CheckOptions): Problem[] {
  const problems: Problem[] = [];
  const { duties } = options;
  const own = role.duties ?? [];
  for (const [index, duty] of own.entries()) {
    const at = [...keys, 'duties', index];
    if (!duties.has(duty)) {
      const hint = didYouMean(duty, duties.keys()) || `; there are ${[...duties.keys()].join(', ')}`;
      problems.push(document.problem(at, `${quote(duty)} is no duty${hint}`));
    } else if (own.indexOf(duty) < index) problems.push(document.problem(at, `${quote(duty)} is listed twice`));
  }
  for (const duty of Object.keys(role.schedule ?? {})) {
    const at = [...keys, 'schedule', duty];
    const facts = duties.get(duty);
    if (facts === undefined) {
      problems.push(document.problem(at, `${quote(duty)} is no duty${didYouMean(duty, duties.keys())}`, 'key'));
    } else if (!facts.schedulable) {
      problems.push(document.problem(at, `${quote(duty)} runs when it is asked, not by the clock`, 'key'));
    } else if (!own.includes(duty) && own.every((each) => duties.has(each))) {
      problems.push(document.problem(at, `${quote(duty)} is none of the duties of ${name}; add it to them`, 'key'));
    }
  }
  const at = [...keys, 'duties'];
  const known = !isBroken(at, options) && !isBroken([...keys, 'schedule'], options);
  if (known && !isReached(role, duties)) {
    const why = own.length === 0 ? 'it has no duties' : 'its duties wait for the clock and are on no schedule';
    problems.push(document.problem(at, `nobody can assign to ${name}: ${why}`, own.length === 0 ? 'key' : 'value'));
  }
  return problems;
}

/**
 * True when something makes the role work: a task or another message in its mailbox, a subject it listens to, or the
 * clock. An unknown duty is given the benefit of the doubt.
 */
function isReached(role: RoleFile, duties: Duties): boolean {
  return (role.duties ?? []).some((duty) => {
    const facts = duties.get(duty);
    if (facts === undefined || !facts.schedulable || Object.hasOwn(role.schedule ?? {}, duty)) return true;
    return (facts.filters ?? []).length > 0;
  });
}

function isBroken(keys: Keys, { broken }: CheckOptions): boolean {
  return broken.some((other) => {
    const shorter = Math.min(keys.length, other.length);
    return keys.slice(0, shorter).every((key, index) => key === other[index]);
  });
}

/** A duty's ticks are one subject, whoever hears them: two roles cannot set it differently. */
function checkClocks(roles: readonly PlacedRole[], document: OrgDocument): Problem[] {
  const clocks = new Map<string, { name: string; cadence: string }>();
  return roles.flatMap(({ name, keys, role }) =>
    Object.entries(role.schedule ?? {}).flatMap(([duty, cadence]) => {
      const first = clocks.get(duty);
      if (first === undefined) clocks.set(duty, { name, cadence });
      if (first === undefined || first.cadence === cadence) return [];
      const message = `${quote(cadence)} differs from the clock of ${first.name}, ${quote(first.cadence)}: a duty has one clock`;
      return [document.problem([...keys, 'schedule', duty], message)];
    }),
  );
}

function checkPrompt(placed: PlacedRole, document: OrgDocument, { readPrompt }: CheckOptions): Problem[] {
  const path = promptPath(placed);
  const written = placed.role.prompt !== undefined;
  const complain = (message: string) => [
    document.problem(written ? [...placed.keys, 'prompt'] : placed.keys, message, written ? 'value' : 'key'),
  ];
  if (!isInside(path)) return complain(`${quote(path)} is outside the folder of the company file`);
  const text = readPrompt(path);
  if (text === undefined) return complain(`the prompt file ${quote(path)} does not exist`);
  return text.trim() === '' ? complain(`the prompt file ${quote(path)} is empty`) : [];
}

/** A path that stays in its folder whatever the system: relative, forward slashes, no step up. */
function isInside(path: string): boolean {
  return /^[^/\\:\0]+(\/[^/\\:\0]+)*$/.test(path) && path.split('/').every((part) => part !== '..' && part !== '.');
}

/** Bosses end at the person by the shape of the file; what climbs off the ladder must be heard on its way there, too. */
function checkEscalation(roles: readonly PlacedRole[], document: OrgDocument, options: CheckOptions): Problem[] {
  const { duties } = options;
  if (isBroken(['reports'], options) && roles.length === 0) return [];
  if (roles.length === 0) return [document.problem(['reports'], 'nobody works here; name at least one role')];
  const held = roles.flatMap(({ role }) => role.duties ?? []);
  const facts = held.flatMap(
    (duty) => duties.get(duties.has(duty) ? duty : (nearest(duty, duties.keys()) ?? '')) ?? [],
  );
  const hears = ({ filters }: DutyFacts) => filters?.some((filter) => matches(filter, subjects.hr)) === true;
  const listeners = [...duties].filter(([, each]) => hears(each)).map(([duty]) => duty);
  if (listeners.length === 0 || !facts.some(({ task }) => task) || facts.some(hears) || isBroken(['reports'], options))
    return [];
  const message = `nobody hears an escalation: no role has the duty ${listeners.map(quote).join(' or ')}, so it cannot reach the person`;
  return [document.problem(['reports'], message, 'key')];
}
