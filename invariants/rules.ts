// The limits that a company set itself, as far as they are known.

import type { Evidence } from '../bus/records.ts';
import type { Org } from '../org/org.ts';

/** Limits of one role's lineages and money. */
export type RoleRules = {
  /** Levels of subtasks below a task. */
  readonly depth: number;
  /** Attempts of a lineage. */
  readonly attempts: number;
  /** US dollars of a lineage. */
  readonly cost: number;
  /** Longest life of a lineage, ms. */
  readonly ms: number;
};

/** US dollars in a UTC day, in a calendar month, and for one task. */
export type Budgets = {
  readonly day?: number | undefined;
  readonly month?: number | undefined;
  readonly task?: number | undefined;
};

/** When an agent rises and falls. Points are 0 to 100. */
export type StandingRules = {
  /** Where somebody stands of whom nothing was said. */
  readonly start: string;
  /** The last so many scores count. */
  readonly window: number;
  readonly halfLifeMs: number;
  readonly confidence: number;
  /** The least standard deviation that is believed. */
  readonly spread: number;
  readonly trusted: { readonly from: number; readonly tasks: number };
  readonly lead: { readonly from: number; readonly tasks: number };
  readonly probation: { readonly below: number; readonly tasks: number };
  readonly benched: { readonly below: number; readonly tasks: number };
};

/** All optional: what is unknown is not judged, and said. */
export type Rules = {
  /** US dollars. */
  readonly budgets?: {
    /** Of one lineage, for roles that `roles` does not name. */
    readonly lineage?: number;
    readonly role?: Readonly<Record<string, Budgets>>;
    /** A role with everybody below it, by its name. */
    readonly team?: Readonly<Record<string, Budgets>>;
    /** All roles together. */
    readonly company?: Budgets;
  };
  /** Levels of subtasks, for roles that `roles` does not name. */
  readonly depth?: number;
  /** Attempts of a lineage, for roles that `roles` does not name. */
  readonly attempts?: number;
  readonly roles?: Readonly<Record<string, RoleRules>>;
  /** Evidence without which a task of a type is not done. */
  readonly needs?: Readonly<Record<string, readonly Evidence['check'][]>>;
  readonly standing?: StandingRules;
  /** How much older than its predecessor a message may be, ms of the wall; `SKEW_MS` unless told. */
  readonly skewMs?: number;
  /** How long something may be under way without a trace before it counts as lost, ms; `GRACE_MS` unless told. */
  readonly graceMs?: number;
};

/** Clocks of several machines, and writes that were tried again while the server was away. */
const SKEW_MS = 5 * 60_000;

/** How far times may be apart, ms: as far on the wall, however fast the company runs. */
export function skewOf({ skewMs = SKEW_MS }: Rules, { speed }: { readonly speed: number }): number {
  return skewMs * Math.max(1, speed);
}

/** Longer than a delivery takes to come back from a process that hangs, with its work done again. */
export const GRACE_MS = 60 * 60_000;

/**
 * The rules of an org chart.
 * @param more what the chart does not say: evidence by type of task, skew, grace
 */
export function rulesOf(org: Org, more: Pick<Rules, 'needs' | 'skewMs' | 'graceMs'> = {}): Rules {
  const role: Record<string, Budgets> = {};
  const team: Record<string, Budgets> = {};
  const roles: Record<string, RoleRules> = {};
  for (const { name, budget, team: shared, policy } of org.roles) {
    role[name] = budget;
    team[name] = shared;
    roles[name] = { depth: policy.depth, ...policy.lineage };
  }
  const { day, month, task } = org.budget;
  return { budgets: { role, team, company: { day, month, task } }, roles, standing: org.standing, ...more };
}
