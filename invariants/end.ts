// I4, I13, I27 once all work has ended: what was asked for has become tasks, and every task has ended and left its traces.

import type { JudgeThing } from './judge.ts';
import { hasEnded, type Ledger } from './ledger.ts';
import { moneyAtEnd } from './money-checks.ts';
import type { Rules } from './rules.ts';

/**
 * Judges a company whose work is over: nothing is open, and nothing is missing.
 * @param now epoch ms; what is late does not matter any more
 */
export function endChecks(ledger: Ledger, _rules: Rules, _now: number, judge: JudgeThing): void {
  moneyAtEnd(ledger, judge);
  for (const [id, { is: task, seq }] of ledger.tasks) {
    const thing = (detail: () => string) => ({ seq, subject: `task.${id}`, detail });
    judge(
      'I4',
      hasEnded(task),
      thing(() => `${id} (${task.key}) never ended: it is ${task.status}${why(task.reason)}`),
    );
    if (task.status !== 'done') continue;
    judge(
      'I13',
      ledger.reported.has(id),
      thing(() => `${id} is done, and nobody was told`),
    );
    judge(
      'I13',
      ledger.remembered.has(id),
      thing(() => `${id} is done, and nobody remembers it`),
    );
  }
  for (const [id, { is: backlog, seq }] of ledger.backlogs) {
    for (const { key } of backlog.tasks) {
      const there = ledger.keys.has(`${id}.${key}`) || ledger.dead.has(seq);
      judge('I4', there, { seq, subject: 'ceo.directives', detail: () => `${id}.${key} never became a task` });
    }
  }
  for (const [id, { seq }] of ledger.directives) {
    const there = ledger.planned.has(id) || ledger.dead.has(seq);
    judge('I4', there, { seq, subject: 'ceo.directives', detail: () => `directive ${id} never became a task` });
  }
}

function why(reason: string | undefined): string {
  return reason === undefined ? '' : ` (${reason})`;
}
