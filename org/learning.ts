// What org.yaml says about learning, with what holds where it says nothing.

import type { StandingEffects, StandingName, StandingPolicy } from '../machines/policy.ts';
import { parseDuration } from './duration.ts';
import {
  type MemoryFile,
  type MilestoneFile,
  memories,
  type StaffingFile,
  type StandingFile,
  type staffingKinds,
} from './learning-schema.ts';
import { knownMilestone, type Milestone, parseCondition } from './milestones.ts';

const DAY_MS = 86_400_000;

export type MemoryName = (typeof memories)[number];

export type MemoryPolicy = {
  /** What briefs may remember. */
  readonly use: readonly MemoryName[];
  /** How long a lesson holds, ms. */
  readonly expiresMs: number;
};

export type StaffingKind = (typeof staffingKinds)[number];

export type StaffingPolicy = {
  /** Who decides about each kind of change. */
  readonly decides: Readonly<Record<StaffingKind, 'person' | 'hr'>>;
  /** Open tasks an agent, and late tasks of a role, from which one more is proposed. */
  readonly queue: number;
  readonly late: number;
  /** Agents of a role at most. */
  readonly most: number;
};

const usual: StandingEffects = { reviews: 1, review: 'full', tier: undefined, splits: true };

const defaults: StandingPolicy = {
  start: 'trusted',
  window: 20,
  halfLifeMs: 14 * DAY_MS,
  confidence: 0.9,
  spread: 8,
  trusted: { from: 65, tasks: 3 },
  lead: { from: 85, tasks: 5 },
  probation: { below: 60, tasks: 3 },
  benched: { below: 50, tasks: 5, forMs: 7 * DAY_MS },
  effects: {
    probation: { ...usual, reviews: 2, splits: false },
    trusted: usual,
    lead: { ...usual, review: 'light' },
    benched: { ...usual, reviews: 2, splits: false },
  },
};

const msOf = (text: string | undefined, otherwise: number) =>
  text === undefined ? otherwise : (parseDuration(text) ?? otherwise);

/** How agents come to stand where they do. */
export function standingOf(file: StandingFile = {}): StandingPolicy {
  const effectsOf = (name: StandingName): StandingEffects => {
    const { reviews, review, tier, splits } = file.effects?.[name] ?? {};
    const base = defaults.effects[name];
    return {
      reviews: reviews ?? base.reviews,
      review: review ?? base.review,
      tier: tier ?? base.tier,
      splits: splits ?? base.splits,
    };
  };
  const { trusted, lead, probation, benched } = defaults;
  return {
    start: file.start ?? defaults.start,
    window: file.window ?? defaults.window,
    halfLifeMs: msOf(file.halfLife, defaults.halfLifeMs),
    confidence: file.confidence ?? defaults.confidence,
    spread: file.spread ?? defaults.spread,
    trusted: { from: file.trusted?.from ?? trusted.from, tasks: file.trusted?.tasks ?? trusted.tasks },
    lead: { from: file.lead?.from ?? lead.from, tasks: file.lead?.tasks ?? lead.tasks },
    probation: {
      below: file.probation?.below ?? probation.below,
      tasks: file.probation?.tasks ?? probation.tasks,
    },
    benched: {
      below: file.benched?.below ?? benched.below,
      tasks: file.benched?.tasks ?? benched.tasks,
      forMs: msOf(file.benched?.for, benched.forMs),
    },
    effects: {
      probation: effectsOf('probation'),
      trusted: effectsOf('trusted'),
      lead: effectsOf('lead'),
      benched: effectsOf('benched'),
    },
  };
}

export function memoryOf({ use, expires }: MemoryFile = {}): MemoryPolicy {
  return { use: use ?? memories, expiresMs: msOf(expires, 90 * DAY_MS) };
}

export function staffingOf({ decides = {}, queue = 4, late = 3, most = 6 }: StaffingFile = {}): StaffingPolicy {
  const by = (kind: StaffingKind) => (typeof decides === 'string' ? decides : (decides[kind] ?? 'person'));
  return { decides: { hire: by('hire'), bench: by('bench'), reassign: by('reassign') }, queue, late, most };
}

/** The milestones of a file whose checks have passed. */
export function milestonesOf(file: readonly MilestoneFile[] = []): readonly Milestone[] {
  return file.flatMap((one) => {
    if (typeof one === 'string') {
      const found = knownMilestone(one);
      return 'problem' in found ? [] : [found];
    }
    const when = parseCondition(one.when);
    return 'problem' in when ? [] : [{ name: one.name, when, text: one.text ?? one.name.replaceAll(/[-_]/g, ' ') }];
  });
}
