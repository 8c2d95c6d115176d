// Of a company file's policies: do the ladder, the waits, the weights and the bands make sense?

import type { OrgDocument } from './document.ts';
import { policyOf } from './policy.ts';
import { type Keys, type Problem, quote } from './problems.ts';
import type { OrgFile, RetryFile } from './schema.ts';

/** A ladder that starts and ends where it must, and waits the right way round; `above` is the role it belongs to. */
export function checkRetry(
  above: Keys,
  company: RetryFile | undefined,
  retry: RetryFile | undefined,
  document: OrgDocument,
): Problem[] {
  if (retry === undefined) return [];
  const problems: Problem[] = [];
  const at = (...keys: (string | number)[]) => [...above, 'retry', ...keys];
  const ladder = retry.ladder ?? [];
  if (retry.ladder?.length === 0) problems.push(document.problem(at('ladder'), 'the ladder is empty'));
  else if (ladder[0] !== undefined && ladder[0] !== 'standard') {
    problems.push(
      document.problem(at('ladder', 0), `${quote(ladder[0])} is first, but a ladder starts with "standard"`),
    );
  }
  if (ladder.length > 0 && ladder.at(-1) !== 'escalate') {
    const message = `${quote(ladder.at(-1))} is last, but a ladder ends with "escalate", which reaches the person`;
    problems.push(document.problem(at('ladder', ladder.length - 1), message));
  }
  for (const [index, rung] of ladder.slice(0, -1).entries()) {
    if (rung === 'escalate') {
      problems.push(document.problem(at('ladder', index), '"escalate" ends a ladder; what follows is never tried'));
    }
  }
  const { backoff } = policyOf(retry, company);
  if (retry.backoff !== undefined && backoff.firstMs > backoff.maxMs) {
    problems.push(
      document.problem(at('backoff'), 'the first wait is longer than the longest: lower first, or raise max'),
    );
  }
  return problems;
}

/** Weights that add up to 1, bands from 0 to 100 without a gap or an overlap. */
export function checkReward({ reward }: OrgFile, document: OrgDocument): Problem[] {
  const problems: Problem[] = [];
  if (reward?.weights !== undefined) {
    const sum = Object.values(reward.weights).reduce((total, weight) => total + weight, 0);
    if (Math.abs(sum - 1) > 1e-9) {
      const message = `the weights add up to ${Number(sum.toFixed(6))}, not 1`;
      problems.push(document.problem(['reward', 'weights'], message, 'key'));
    }
  }
  if (reward?.bands === undefined) return problems;
  const starts = new Map<number, string>();
  for (const [name, { from }] of Object.entries(reward.bands)) {
    const other = starts.get(from);
    if (other !== undefined) {
      const message = `${from} is where ${quote(other)} starts: the two bands overlap`;
      problems.push(document.problem(['reward', 'bands', name, 'from'], message));
    }
    starts.set(from, name);
  }
  const lowest = Math.min(...starts.keys());
  if (lowest !== 0) {
    const gap = starts.size === 0 ? 'there are no bands' : `scores below ${lowest} are in no band`;
    problems.push(document.problem(['reward', 'bands'], `${gap}; the lowest band starts at 0`, 'key'));
  }
  return problems;
}
