// A recorded company under the auditor: what was lost, what was done twice, and which other rules it broke.

import type { Stored } from '../bus/bus.ts';
import type { Violation } from '../invariants/auditor.ts';
import type { Org } from '../org/org.ts';
import { openAuditor } from './audit-rules.ts';
import { latestOf, timeOf } from './views/history.ts';

export type Audited = {
  /** Tasks that never ended, by key, and what never became a task. */
  readonly lost: readonly string[];
  /** What was done twice, one line each. */
  readonly duplicated: readonly string[];
  /** Every other invariant that does not hold. */
  readonly broken: readonly Violation[];
};

/** Invariants that say that something was done twice. */
const doubling = ['I2', 'I5', 'I6', 'I14'];

/**
 * Audits a history that has ended.
 * @param org whose limits hold; undefined: only what holds for every company is judged
 */
export function auditOf(history: readonly Stored[], org: Org | undefined): Audited {
  const auditor = openAuditor(org);
  const found = history.flatMap((stored) => auditor.look(stored));
  const now = history.reduce((last, { message }) => Math.max(last, timeOf(message)), 0);
  const { tasks } = latestOf(history);
  const ended = auditor.atEnd(now).filter(({ invariant }) => invariant === 'I4');
  return {
    lost: ended.map(({ subject, detail }) => tasks.get(subject.slice('task.'.length))?.key ?? detail),
    duplicated: found.filter(({ invariant }) => doubling.includes(invariant)).map(({ detail }) => detail),
    broken: [...found.filter(({ invariant }) => !doubling.includes(invariant)), ...auditor.atRest(now)],
  };
}
