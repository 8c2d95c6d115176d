// What an agent carries from task to task: one message for each scored task, and their fold.

import { z } from 'zod';
import { Band, Token } from './records.ts';

/** What one scored task brought its agent, and how many it has behind it then. */
export const Remembered = z.strictObject({
  agent: z.string(),
  role: Token,
  /** Tasks scored, this one included, and their mean score. */
  count: z.number(),
  average: z.number(),
  task: Token,
  score: z.number(),
  band: Band,
  list: z.enum(['rewards', 'corrections']),
  /** What it is told about it. */
  text: z.string(),
  /** What it learned. */
  pattern: z.string().optional(),
  at: z.number(),
  /** Id of the message that brought it. */
  cause: z.string(),
});
export type Remembered = z.infer<typeof Remembered>;

export type Note = Pick<Remembered, 'task' | 'score' | 'band' | 'text' | 'at' | 'cause'>;
export type Pattern = Pick<Remembered, 'text' | 'task' | 'at' | 'cause'>;
/** A scored task, as it counts for a standing. */
export type Score = Pick<Remembered, 'task' | 'score' | 'at' | 'cause'>;

/** What an agent has at hand of what it remembers, oldest first; the stream has all of it. */
export type AgentMemory = Pick<Remembered, 'agent' | 'role' | 'count' | 'average'> & {
  readonly rewards: readonly Note[];
  readonly corrections: readonly Note[];
  readonly patterns: readonly Pattern[];
  /** The last tasks that count for its standing. */
  readonly scores: readonly Score[];
};

/** Notes and patterns an agent keeps at hand. */
const KEPT = 10;

/** Scores kept at hand: the longest window that org.yaml takes. */
const SCORES = 30;

/** The last scores with one more. Pure. */
export function withScore(scores: readonly Score[], { task, score, at, cause }: Score): readonly Score[] {
  return [...scores, { task, score, at, cause }].slice(-SCORES);
}

/**
 * Takes one more scored task into what an agent remembers. Pure.
 * @param before undefined for its first one
 */
export function remember(before: AgentMemory | undefined, told: Remembered): AgentMemory {
  const { agent, role, count, average, task, score, band, list, text, pattern, at, cause } = told;
  const { rewards = [], corrections = [], patterns = [], scores = [] } = before ?? {};
  const note = { task, score, band, text, at, cause };
  const known = pattern === undefined || patterns.some((one) => one.text === pattern);
  return {
    agent,
    role,
    count,
    average,
    rewards: list === 'rewards' ? [...rewards, note].slice(-KEPT) : rewards,
    corrections: list === 'corrections' ? [...corrections, note].slice(-KEPT) : corrections,
    patterns: known ? patterns : [...patterns, { text: pattern, task, at, cause }].slice(-KEPT),
    scores: withScore(scores, told),
  };
}
