// What a simulated run starts from, read once and used for every seed.

import { castOf } from '../actors/cast.ts';
import { dutyFacts } from '../actors/duties/registry.ts';
import { loadOrg, readOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { overlayOrg } from '../org/overlay.ts';
import { loadScenario } from '../scenarios/load.ts';
import type { Scenario } from '../scenarios/schema.ts';

export type Plan = {
  readonly scenario: Scenario;
  readonly org: Org;
  /** The org chart with a change of the scenario in force. Throws OrgInvalid. */
  readonly changed: (patch: unknown) => { readonly org: Org; readonly text: string };
};

/** The files of a plan, as paths: what a worker is told. */
export type PlanFiles = { readonly scenario: string; readonly org: string };

/** Reads a scenario and the org chart it changes. Throws ScenarioInvalid, OrgInvalid and what reading them throws. */
export async function readPlan(files: PlanFiles): Promise<Plan> {
  const scenario = await loadScenario(files.scenario);
  const file = readOrg(files.org, 'org/org.yaml');
  const { org, orgText, readPrompt } = castOf(scenario, file);
  return {
    scenario,
    org,
    changed: (change) => {
      const text = overlayOrg(orgText, change);
      const from = { text, file: 'org.yaml', readPrompt };
      return { org: loadOrg(from, { duties: dutyFacts() }), text };
    },
  };
}
