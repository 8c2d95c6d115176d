// Milestones as data: a name that everybody knows, or a name with a condition in a small language:
//   condition = fact operator number { "and" fact operator number }      operator = ">=" | ">" | "=" | "<" | "<="
// A fact is one of the list, or `metric.<name>` for a number that the company was told.

import { didYouMean, quote } from './problems.ts';

/** What a condition may speak of, and what it is. */
export const facts = {
  merged: 'merged tasks',
  done: 'tasks done',
  deployments: 'deployments that went live',
  users: 'users',
  revenue: 'revenue',
  mrr: 'monthly recurring revenue',
  goals: 'goals achieved',
  open_bugs: 'open bugs',
  lessons: 'lessons learned',
  days: 'days since the first task',
  days_without_regression: 'days since the last alert, or since the first task was merged',
} as const satisfies Readonly<Record<string, string>>;

type Fact = keyof typeof facts;

export type Comparison = {
  /** A fact, or `metric.<name>`. */
  readonly fact: Fact | `metric.${string}`;
  readonly is: '>=' | '>' | '=' | '<' | '<=';
  readonly number: number;
};

export type Milestone = { readonly name: string; readonly when: readonly Comparison[]; readonly text: string };

const COMPARISON = /^([a-z_]+|metric\.[A-Za-z0-9_.-]+)\s*(>=|<=|>|<|=)\s*(-?\d+(?:\.\d+)?)$/;

/** A condition as written, or what is wrong with it. */
export function parseCondition(text: string): readonly Comparison[] | { readonly problem: string } {
  const parts = text.trim().split(/\s+and\s+/);
  const found: Comparison[] = [];
  for (const part of parts) {
    const [, fact, is, number] = COMPARISON.exec(part.trim()) ?? [];
    if (fact === undefined) return { problem: `${quote(part)} is no condition; write "merged >= 10 and users > 0"` };
    if (!fact.startsWith('metric.') && !Object.hasOwn(facts, fact)) {
      const hint =
        didYouMean(fact, Object.keys(facts)) || `; there are ${Object.keys(facts).join(', ')}, metric.<name>`;
      return { problem: `${quote(fact)} is nothing that is counted${hint}` };
    }
    found.push({ fact: fact as Comparison['fact'], is: is as Comparison['is'], number: Number(number) });
  }
  return found;
}

type Known = { readonly name: RegExp; readonly like: string; readonly of: (n: number) => Omit<Milestone, 'name'> };

const atLeast = (fact: Comparison['fact'], number: number): readonly Comparison[] => [{ fact, is: '>=', number }];

/** Names that need no condition. */
const known: readonly Known[] = [
  {
    name: /^first-deployment$/,
    like: 'first-deployment',
    of: () => ({ when: atLeast('deployments', 1), text: 'live for the first time' }),
  },
  {
    name: /^first-merge$/,
    like: 'first-merge',
    of: () => ({ when: atLeast('merged', 1), text: 'the first task is merged' }),
  },
  {
    name: /^first-user$/,
    like: 'first-user',
    of: () => ({ when: atLeast('users', 1), text: 'the first user is here' }),
  },
  {
    name: /^first-revenue$/,
    like: 'first-revenue',
    of: () => ({ when: [{ fact: 'revenue', is: '>', number: 0 }], text: 'the first revenue' }),
  },
  {
    name: /^month-without-regression$/,
    like: 'month-without-regression',
    of: () => ({ when: atLeast('days_without_regression', 30), text: 'a month without a regression' }),
  },
  {
    name: /^([1-9]\d*)-merged-tasks$/,
    like: '10-merged-tasks',
    of: (n) => ({ when: atLeast('merged', n), text: `${n} tasks are merged` }),
  },
  {
    name: /^([1-9]\d*)-users$/,
    like: '100-users',
    of: (n) => ({ when: atLeast('users', n), text: `${n} users` }),
  },
  {
    name: /^([1-9]\d*)-deployments$/,
    like: '10-deployments',
    of: (n) => ({ when: atLeast('deployments', n), text: `${n} deployments went live` }),
  },
];

/** A milestone that needs no condition, by its name; or what is wrong with the name. */
export function knownMilestone(name: string): Milestone | { readonly problem: string } {
  for (const one of known) {
    const [matched, n] = one.name.exec(name) ?? [];
    if (matched !== undefined) return { name, ...one.of(Number(n ?? 1)) };
  }
  // The number of a name is free: "100-user" is near to "100-users".
  const number = /^\d+/.exec(name)?.[0];
  const names = known.map(({ like }) => (number === undefined ? like : like.replace(/^\d+/, number)));
  const hint = didYouMean(name, names) || `; there are ${known.map(({ like }) => like).join(', ')}`;
  return { problem: `${quote(name)} is no milestone without a condition${hint}; or say \`when\` it is reached` };
}
