// The rules of the org chart in force, message by message: a company may change its chart while it runs.

import { dutyFacts, neededEvidence } from '../actors/duties/registry.ts';
import type { Stored } from '../bus/bus.ts';
import { type Auditor, createAuditor } from '../invariants/auditor.ts';
import { type Rules, rulesOf } from '../invariants/rules.ts';
import { loadOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';

/** What holds for a company with this org chart; without one, what holds for every company. */
export function auditRules(org: Org | undefined): Rules {
  const needs = neededEvidence();
  return org === undefined ? { needs } : rulesOf(org, { needs });
}

/** The rules of an org chart as the stream has it; undefined when this version cannot read it. */
function rulesIn(text: string): Rules | undefined {
  try {
    const file = { text, file: 'the org chart in force', readPrompt: () => 'Not needed to audit.' };
    return auditRules(loadOrg(file, { duties: dutyFacts() }));
  } catch {
    return undefined;
  }
}

/** An auditor that obeys the org charts which the stream puts in force. */
export function openAuditor(org: Org | undefined): Auditor {
  const auditor = createAuditor(auditRules(org));
  return {
    ...auditor,
    // What is spread is read once.
    get counts() {
      return auditor.counts;
    },
    look(stored: Stored) {
      const found = auditor.look(stored);
      if (stored.message.type === 'org.changed')
        auditor.obey(rulesIn(stored.message.data.text) ?? auditRules(undefined));
      return found;
    },
  };
}
