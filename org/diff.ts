// What would change between two org charts, and which open tasks would be left with nobody to do them.

import { isDeepStrictEqual } from 'node:util';
import type { Task } from '../bus/records.ts';
import { budgetText } from './budget-schema.ts';
import type { Duties } from './checks.ts';
import { formatCadence, formatDuration } from './duration.ts';
import { everyType } from './engines.ts';
import { agentsOf, type Org, placeOf, type Role, roleOf } from './org.ts';
import { quote } from './problems.ts';

/** One field that changes, in plain words; `of` is a role, or `company`. */
type Change = { readonly of: string; readonly text: string };

type Stranded = {
  readonly task: string;
  readonly title: string;
  readonly role: string;
  readonly reason: string;
  /** What would keep it from being stranded. */
  readonly next: string;
  /** True: somebody who would go has it in hand. Where the chart is in force all the same, they finish it first. */
  readonly finishes: boolean;
};

export type OrgDiff = {
  readonly hires: readonly {
    readonly role: string;
    readonly title: string;
    readonly boss: string;
    readonly agents: readonly string[];
  }[];
  readonly fires: readonly { readonly role: string; readonly title: string; readonly agents: readonly string[] }[];
  readonly moves: readonly { readonly role: string; readonly from: string; readonly to: string }[];
  readonly changes: readonly Change[];
  /** An org with any of these must not be applied. */
  readonly stranded: readonly Stranded[];
};

/**
 * Compares two org charts. Pure.
 * @param tasks the company's tasks; those that have ended are passed over
 * @param duties what each duty does, to know which of a role's duties a task needs
 */
export function diffOrg(before: Org, after: Org, tasks: Iterable<Task>, duties: Duties): OrgDiff {
  const gone = before.roles.filter(({ name }) => roleOf(after, name) === undefined);
  const added = after.roles.filter(({ name }) => roleOf(before, name) === undefined);
  const kept = after.roles.flatMap((now) => {
    const was = roleOf(before, now.name);
    return was === undefined ? [] : [{ was, now }];
  });
  const bossIn = (org: Org, role: Role) => role.boss ?? org.person;
  return {
    hires: added.map((role) => ({
      role: role.name,
      title: role.title,
      boss: bossIn(after, role),
      agents: agentsOf(role),
    })),
    fires: gone.map((role) => ({ role: role.name, title: role.title, agents: agentsOf(role) })),
    moves: kept
      .map(({ was, now }) => ({
        role: now.name,
        from: bossIn(before, was),
        to: bossIn(after, now),
        same: was.boss === now.boss,
      }))
      .filter(({ same }) => !same)
      .map(({ role, from, to }) => ({ role, from, to })),
    changes: [...companyChanges(before, after), ...kept.flatMap(({ was, now }) => roleChanges(was, now))],
    stranded: [...tasks].flatMap((task) => strand(task, before, after, duties)),
  };
}

/** True when nothing changes. */
export function isEmptyDiff({ hires, fires, moves, changes }: OrgDiff): boolean {
  return hires.length + fires.length + moves.length + changes.length === 0;
}

/** A diff as lines for people, the first letter saying which kind: `+` hired, `-` let go, `>` moved, `~` changed, `!` stranded. */
export function diffLines(diff: OrgDiff): string[] {
  return [
    ...diff.hires.map(({ role, title, boss, agents }) => `+ ${role} (${title}) reports to ${boss}${counted(agents)}`),
    ...diff.fires.map(({ role, title, agents }) => `- ${role} (${title})${counted(agents)}`),
    ...diff.moves.map(({ role, from, to }) => `> ${role} reports to ${to}, no longer to ${from}`),
    ...diff.changes.map(({ of, text }) => `~ ${of}: ${text}`),
    ...diff.stranded.map(
      ({ task, title, reason, next }) => `! ${task} "${title}" would be stranded: ${reason}; ${next}`,
    ),
  ];
}

function counted(agents: readonly string[]): string {
  return agents.length === 1 ? '' : `, ${agents.length} agents`;
}

function companyChanges(before: Org, after: Org): Change[] {
  const changes: string[] = [];
  const field = (name: string, was: string | undefined, now: string | undefined) => {
    if (was !== now) changes.push(arrow(name, was, now));
  };
  field('company', before.company, after.company);
  field('title', before.title, after.title);
  field('mission', before.mission, after.mission);
  field('person', before.person, after.person);
  field('sandbox', before.sandbox, after.sandbox);
  field('budget', budgetText(before.budget), budgetText(after.budget));
  field('warning', `at ${before.budget.warn} of a cap`, `at ${after.budget.warn} of a cap`);
  const copies = ({ replicas }: Org) => (replicas === undefined ? undefined : `${replicas}, from the next start`);
  field('copies of the stream', copies(before), copies(after));
  if (!isDeepStrictEqual(before.web, after.web)) changes.push('web changed, from the next start');
  for (const name of ['loop', 'claude', 'codex'] as const) {
    if (!isDeepStrictEqual(before.engines[name], after.engines[name])) changes.push(`engine ${name} changed`);
  }
  if (!isDeepStrictEqual(before.models, after.models)) changes.push('models changed');
  if (!isDeepStrictEqual(before.knowledge, after.knowledge)) changes.push('knowledge changed, from the next start');
  changes.push(...fieldChanges('reward weights', before.reward.weights, after.reward.weights));
  const bands = (org: Org) =>
    org.reward.bands.map(({ name, from, effect }) => `${name} from ${from} (${effect})`).join(', ');
  field('reward bands', bands(before), bands(after));
  for (const part of ['standing', 'memory', 'staffing'] as const) {
    if (!isDeepStrictEqual(before[part], after[part])) changes.push(`${part} changed`);
  }
  const milestones = (org: Org) => org.milestones.map(({ name }) => name);
  changes.push(...listChanges('milestone', milestones(before), milestones(after)));
  const slugs = (org: Org) => org.products.map(({ slug }) => slug);
  changes.push(...listChanges('product', slugs(before), slugs(after)));
  for (const product of after.products) {
    const was = before.products.find(({ slug }) => slug === product.slug);
    if (was !== undefined && !isDeepStrictEqual(was, product)) changes.push(`product ${product.slug} changed`);
  }
  return changes.map((text) => ({ of: 'company', text }));
}

function roleChanges(was: Role, now: Role): Change[] {
  const changes: string[] = [];
  const field = (name: string, before: unknown, after: unknown) => {
    if (before !== after) changes.push(arrow(name, before, after));
  };
  field('title', was.title, now.title);
  field('tier', was.tier, now.tier);
  changes.push(...listChanges('duty', was.duties, now.duties));
  for (const duty of new Set([...Object.keys(was.schedule), ...Object.keys(now.schedule)])) {
    const cadence = ({ schedule }: Role) => {
      const value = schedule[duty];
      return value === undefined ? undefined : formatCadence(value);
    };
    field(`clock of ${duty}`, cadence(was), cadence(now));
  }
  const engines = ({ engine }: Role) =>
    Object.entries(engine)
      .map(([type, name]) => (type === everyType ? name : `${type} ${name}`))
      .join(', ') || undefined;
  field('engine', engines(was), engines(now));
  field('instances', was.instances, now.instances);
  field('tools', was.tools?.join(', '), now.tools?.join(', '));
  if (was.prompt !== now.prompt) changes.push('prompt changed');
  field('ladder', was.policy.ladder.join(', '), now.policy.ladder.join(', '));
  changes.push(...fieldChanges('backoff', was.policy.backoff, now.policy.backoff));
  field('waits', was.policy.waits, now.policy.waits);
  field('longest step', formatDuration(was.policy.stepMs), formatDuration(now.policy.stepMs));
  field('depth', was.policy.depth, now.policy.depth);
  changes.push(...fieldChanges('lineage', was.policy.lineage, now.policy.lineage));
  field('budget', budgetText(was.budget), budgetText(now.budget));
  field('budget of the team', budgetText(was.team), budgetText(now.team));
  return changes.map((text) => ({ of: now.name, text }));
}

const NOTHING = 'none';

function arrow(name: string, before: unknown, after: unknown): string {
  return `${name} ${before ?? NOTHING} -> ${after ?? NOTHING}`;
}

function listChanges(what: string, before: readonly string[], after: readonly string[]): string[] {
  return [
    ...after.filter((item) => !before.includes(item)).map((item) => `gains ${what} ${item}`),
    ...before.filter((item) => !after.includes(item)).map((item) => `loses ${what} ${item}`),
  ];
}

function fieldChanges(
  of: string,
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): string[] {
  const shown = (key: string, value: number | undefined) =>
    value !== undefined && /ms$/i.test(key) ? formatDuration(value) : value;
  return Object.keys(after)
    .filter((key) => before[key] !== after[key])
    .map((key) => arrow(`${of} ${key.replace(/Ms$/, '') || key}`, shown(key, before[key]), shown(key, after[key])));
}

/** Statuses in which an agent has the task in hand; in the others any agent of the role may go on with it. */
const IN_HAND: readonly Task['status'][] = ['working', 'retrying'];

function strand(task: Task, before: Org, after: Org, duties: Duties): Stranded[] {
  if (task.status === 'done' || task.status === 'abandoned') return [];
  const was = roleOf(before, task.role);
  const now = roleOf(after, task.role);
  const stranded = (reason: string, next: string, finishes = false) => [
    { task: task.id, title: task.title, role: task.role, reason, next, finishes },
  ];
  if (now === undefined)
    return stranded(`nobody would be ${task.role}`, `wait for it, reassign it, or keep ${task.role}`);
  if (!canDo(now, task, duties) && (was === undefined || canDo(was, task, duties))) {
    const lost = was?.duties.filter((duty) => !now.duties.includes(duty) && duties.get(duty)?.task !== false) ?? [];
    const keep = lost.length === 0 ? 'its duty' : `the duty ${lost.map((duty) => quote(duty)).join(', ')}`;
    return stranded(`${task.role} could no longer do ${task.type} tasks`, `wait for it, reassign it, or keep ${keep}`);
  }
  if (task.agent === undefined || !IN_HAND.includes(task.status)) return [];
  const place = placeOf(task.agent);
  if (place <= now.instances) return [];
  return stranded(
    `${task.agent} has it in hand and would go`,
    `wait for it, or keep ${place} instances of ${task.role}`,
    true,
  );
}

function canDo(role: Role, task: Task, duties: Duties): boolean {
  return role.duties.some((duty) => {
    const facts = duties.get(duty);
    return facts === undefined || (facts.task && (facts.types?.includes(task.type) ?? true));
  });
}
