// I28: who has read text from outside merged and deployed nothing that a person had not allowed.

import type { Check } from './judge.ts';
import type { Ledger } from './ledger.ts';

/** A person's yes to this very act: what the id of the question says (actors/permission.ts). */
function wasAllowed(ledger: Ledger, task: string, tool: string, commit: string): boolean {
  const asked = ledger.approvals.get(`permit-${task}-${tool}-${commit.slice(0, 7)}`);
  return asked?.is.status === 'answered' && asked.is.answer === 'allow';
}

function taintOf(ledger: Ledger, task: string): string {
  return (ledger.tasks.get(task)?.is.taint ?? []).join(', ');
}

const merged: Check = {
  types: ['pull.merged'],
  look({ stored: { message }, ledger, judge }) {
    if (message.type !== 'pull.merged') return;
    const { task, head, number } = message.data;
    const taint = taintOf(ledger, task);
    judge('I28', taint === '' || wasAllowed(ledger, task, 'merge', head), () => {
      return `pull ${number} of ${task} was merged, and no person allowed it: it has read ${taint}`;
    });
  },
};

const deployed: Check = {
  types: ['brain.deployment'],
  look({ stored: { message }, ledger, judge }) {
    if (message.type !== 'brain.deployment' || message.data.status !== 'live') return;
    const { id, commit } = message.data;
    const task = id.replace(/-a\d+$/, '');
    const taint = taintOf(ledger, task);
    judge('I28', taint === '' || wasAllowed(ledger, task, 'deploy', commit), () => {
      return `${task} deployed ${commit.slice(0, 7)}, and no person allowed it: it has read ${taint}`;
    });
  },
};

export const policyChecks: readonly Check[] = [merged, deployed];
