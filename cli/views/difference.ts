// Where two companies differ: first in what happened, then in what came of it. Pure.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Stored } from '../../bus/bus.ts';
import type { Task } from '../../bus/records.ts';
import { describe } from '../describe.ts';
import { whenOf } from '../format.ts';
import { latestOf, ofType, spendingOf } from './history.ts';
import { orgTextOf } from './past.ts';

/** A value of each side; undefined where a side has none. */
type Sides<T> = { readonly a: T; readonly b: T };

export type Event = {
  readonly time: string;
  readonly subject: string;
  readonly type: string;
  readonly source: string;
  readonly text: string;
};

export type TaskDifference = {
  /** What it is about: the same in both, whatever its number. */
  readonly key: string;
  readonly title: string;
  readonly id: Sides<string | undefined>;
  readonly fields: readonly { readonly field: string; readonly a: unknown; readonly b: unknown }[];
};

type Spent = { readonly cost: number; readonly calls: number; readonly tokens: number };

type Commit = { readonly product: string; readonly pull: number; readonly title: string; readonly commit: string };

export type Difference = {
  readonly same: boolean;
  readonly messages: Sides<number>;
  /** How many messages, from the start, are the same. */
  readonly common: number;
  /** The first message that is not; undefined on the side that has ended. */
  readonly first: Sides<Event | undefined> | undefined;
  readonly tasks: readonly TaskDifference[];
  readonly scores: readonly ({ readonly agent: string } & Sides<number | undefined>)[];
  readonly cost: Sides<Spent>;
  /** Digests of the org files in force. */
  readonly org: Sides<string | undefined>;
  /** Commits that only one side has on its default branches. */
  readonly commits: Sides<readonly Commit[]>;
};

const FIELDS = ['status', 'role', 'agent', 'attempt', 'score', 'reason', 'merged'] as const satisfies (keyof Task)[];

/** Two histories, compared. */
export function differenceOf(a: readonly Stored[], b: readonly Stored[]): Difference {
  const common = commonOf(a, b);
  const same = common === a.length && common === b.length;
  const commits = { a: commitsOf(a), b: commitsOf(b) };
  const only = (mine: readonly Commit[], theirs: readonly Commit[]) =>
    mine.filter(({ commit }) => !theirs.some((other) => other.commit === commit));
  return {
    same,
    messages: { a: a.length, b: b.length },
    common,
    first: same ? undefined : { a: eventOf(a, common), b: eventOf(b, common) },
    tasks: tasksOf(a, b),
    scores: scoresOf(a, b),
    cost: { a: spentOf(a), b: spentOf(b) },
    org: { a: orgOf(a), b: orgOf(b) },
    commits: { a: only(commits.a, commits.b), b: only(commits.b, commits.a) },
  };
}

function commonOf(a: readonly Stored[], b: readonly Stored[]): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index += 1) if (!isDeepStrictEqual(a[index], b[index])) return index;
  return shorter;
}

function eventOf(history: readonly Stored[], index: number): Event | undefined {
  const stored = history[index];
  if (stored === undefined) return undefined;
  const { subject, message } = stored;
  const { text } = describe(message, { task: undefined, agent: undefined }, whenOf(0, false));
  return { time: message.time, subject, type: message.type, source: message.source, text };
}

function byKey(history: readonly Stored[]): Map<string, Task> {
  return new Map([...latestOf(history).tasks.values()].map((task) => [task.key, task]));
}

function tasksOf(a: readonly Stored[], b: readonly Stored[]): TaskDifference[] {
  const [left, right] = [byKey(a), byKey(b)];
  const found: TaskDifference[] = [];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [one, other] = [left.get(key), right.get(key)];
    const fields = FIELDS.map((field) => ({
      field: field as string,
      a: one?.[field] as unknown,
      b: other?.[field] as unknown,
    }));
    fields.push({ field: 'cost', a: one?.spent.cost, b: other?.spent.cost });
    const differing = fields.filter((field) => field.a !== field.b);
    const title = (one ?? other)?.title ?? '';
    if (differing.length > 0) found.push({ key, title, id: { a: one?.id, b: other?.id }, fields: differing });
  }
  return found;
}

function scoresOf(a: readonly Stored[], b: readonly Stored[]): Difference['scores'] {
  const [left, right] = [latestOf(a).memories, latestOf(b).memories];
  return [...new Set([...left.keys(), ...right.keys()])]
    .sort()
    .map((agent) => ({ agent, a: left.get(agent)?.average, b: right.get(agent)?.average }))
    .filter((one) => one.a !== one.b);
}

function spentOf(history: readonly Stored[]): Spent {
  const { cost, calls, inputTokens, outputTokens } = spendingOf(history);
  return { cost: Math.round(cost * 1e6) / 1e6, calls, tokens: inputTokens + outputTokens };
}

function orgOf(history: readonly Stored[]): string | undefined {
  const text = orgTextOf(history);
  return text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
}

function commitsOf(history: readonly Stored[]): Commit[] {
  return ofType(history, 'pull.merged').flatMap(({ data: { product, number, title, merged } }) =>
    merged === undefined ? [] : [{ product, pull: number, title, commit: merged }],
  );
}
