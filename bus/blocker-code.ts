// Why work could not be finished, in one word.

import { z } from 'zod';

/** What whoever did the work says, or the harness where nobody could. */
export const BlockerCode = z.enum([
  'missing_context',
  'missing_credentials',
  'environment_failure',
  'dependency_blocked',
  'quota_limited',
  'runner_failure',
  'timeout',
  'test_failure',
  'workflow_validation_failed',
  'manual_intervention_required',
  'fallback_exhausted',
  'invalid_result_contract',
  'push_not_ready',
  'no_diff_produced',
  'prompt_too_large',
  'no_web_artifact',
  'worker_crash',
  'agent_unavailable',
  'ci_artifacts_missing',
  'budget_exhausted',
]);
export type BlockerCode = z.infer<typeof BlockerCode>;
