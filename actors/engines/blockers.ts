// What each blocker code means for the company: which kind of failure it is, and whether somebody may go on with what was
// saved. One table, for every engine.

import type { BlockerCode } from '../../bus/blocker-code.ts';
import type { Failure, FailureKind, WorkReport } from '../../bus/records.ts';
import { waiting } from '../../machines/policy.ts';

export type Routing = {
  /** What the agent chart does with it: climb, wait, or give it up at once (machines/policy.ts). */
  readonly kind: FailureKind;
  /** A follow-up may go on with honest partial work. */
  readonly followUp: boolean;
  /** Says nothing about the work or whoever did it: left out of what counts against them. */
  readonly transient: boolean;
};

const of = (kind: FailureKind, { followUp = true, transient = false } = {}): Routing => ({ kind, followUp, transient });

/**
 * Nobody else could do better: no other try, no follow-up, a person decides. The same environment, the same quota: no follow-up, but time may
 * heal it. The rest is about the work (`quality`, `contract`), or about what it needs (`dependency`, `permanent`).
 */
export const blockers: Readonly<Record<BlockerCode, Routing>> = {
  manual_intervention_required: of('permanent', { followUp: false }),
  prompt_too_large: of('permanent', { followUp: false }),
  budget_exhausted: of('permanent', { followUp: false }),
  environment_failure: of('environment', { followUp: false }),
  quota_limited: of('quota', { followUp: false, transient: true }),
  runner_failure: of('environment', { transient: true }),
  fallback_exhausted: of('environment', { transient: true }),
  timeout: of('environment'),
  worker_crash: of('environment'),
  agent_unavailable: of('environment'),
  push_not_ready: of('environment'),
  missing_credentials: of('permanent'),
  dependency_blocked: of('dependency'),
  ci_artifacts_missing: of('dependency'),
  missing_context: of('quality'),
  test_failure: of('quality'),
  workflow_validation_failed: of('quality'),
  no_diff_produced: of('quality'),
  no_web_artifact: of('quality'),
  invalid_result_contract: of('contract'),
};

/** A failure by its code: `timeout: it took longer than 25 minutes`. */
export function blocked(code: BlockerCode, why: string, until?: number): Failure {
  const { kind } = blockers[code];
  const reason = `${code}: ${why}`;
  return kind === 'quota' && until !== undefined ? { kind, reason, until } : { kind, reason };
}

/**
 * What a report that is not complete means for the attempt. A claim does not make the company wait: the same attempt would
 * only read the same recorded claim again, so what would wait climbs instead, to an attempt of its own.
 */
export function failureOf({
  blocker = 'missing_context',
  status,
  summary,
  nextStep,
  manualSteps,
}: WorkReport): Failure {
  const said = [
    `${status}, ${summary}`,
    ...(nextStep === undefined ? [] : [`next: ${nextStep}`]),
    ...manualSteps.map((step) => `for a person: ${step}`),
  ];
  const { kind, reason } = blocked(blocker, said.join('; '));
  return { kind: waiting.includes(kind) ? 'quality' : kind, reason };
}
