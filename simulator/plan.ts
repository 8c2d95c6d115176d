// What a simulated run starts from, read once and used for every seed.

import { dutyFacts } from '../actors/duties/registry.ts';
import { loadOrg, promptsIn, readOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { loadPatched, overlayOrg } from '../org/overlay.ts';
import { loadScenario } from '../scenarios/load.ts';
import { patchOf } from '../scenarios/patch.ts';
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
  // A role that only this scenario has brings its prompt along.
  const ours = promptsIn(scenario.folder);
  const source = { ...file, readPrompt: (path: string) => file.readPrompt(path) ?? ours(path) };
  const patch = patchOf(scenario.given);
  const org = loadPatched(source, patch, { duties: dutyFacts() }, scenario.locate);
  const base = overlayOrg(source.text, patch);
  return {
    scenario,
    org,
    changed: (change) => {
      const text = overlayOrg(base, change);
      const from = { text, file: 'org.yaml', readPrompt: source.readPrompt };
      return { org: loadOrg(from, { duties: dutyFacts() }), text };
    },
  };
}
