// What many runs came to.

import { type ChartCoverage, coverageOf } from './coverage.ts';
import type { RunResult } from './simulate.ts';

export type Summary = {
  readonly runs: number;
  readonly virtualMs: number;
  readonly messages: number;
  /** How often each fault struck. */
  readonly struck: Readonly<Record<string, number>>;
  readonly failed: readonly RunResult[];
  /** Of each chart that such a company runs. */
  readonly coverage: readonly ChartCoverage[];
};

/**
 * @param ways every state and transition there is
 */
export function createSummary(ways: readonly string[]) {
  let runs = 0;
  let virtualMs = 0;
  let messages = 0;
  const struck = new Map<string, number>();
  const failed: RunResult[] = [];
  const taken = new Set<string>();
  return {
    add(run: RunResult): void {
      runs += 1;
      virtualMs += run.virtualMs;
      messages += run.messages;
      for (const { fault } of run.strikes) struck.set(fault, (struck.get(fault) ?? 0) + 1);
      if (run.violations.length > 0) failed.push(run);
      for (const way of run.taken) taken.add(way);
    },
    summary: (): Summary => ({
      runs,
      virtualMs,
      messages,
      struck: Object.fromEntries([...struck].sort()),
      failed: failed.toSorted((a, b) => a.seed - b.seed),
      coverage: coverageOf(ways, taken),
    }),
  };
}
