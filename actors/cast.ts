// The company that plays a scenario: org.yaml with what the scenario gives on top, and whether that company can play it.

import { agentMachineOf } from '../machines/agent.ts';
import { stateNamesOf } from '../machines/states.ts';
import { type OrgSource, promptsIn } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { loadPatched, overlayOrg } from '../org/overlay.ts';
import { didYouMean, type Keys, type Problem, quote, sortProblems } from '../org/problems.ts';
import { isAgentOf } from '../scenarios/faults.ts';
import { ScenarioInvalid } from '../scenarios/load.ts';
import { patchOf } from '../scenarios/patch.ts';
import type { Scenario } from '../scenarios/schema.ts';
import { dutyFacts } from './duties/registry.ts';
import { whyNobodyTakes } from './plan.ts';

export type Cast = {
  readonly org: Org;
  /** The text of its org file, as the scenario begins. */
  readonly orgText: string;
  /** Prompts of the org file, and those that roles of this scenario bring along. */
  readonly readPrompt: OrgSource['readPrompt'];
};

/**
 * Puts what a scenario gives on top of an org file.
 * @throws OrgInvalid when that makes no company; ScenarioInvalid when the company could not play the scenario
 */
export function castOf(scenario: Scenario, file: OrgSource): Cast {
  const ours = promptsIn(scenario.folder);
  const readPrompt = (path: string) => file.readPrompt(path) ?? ours(path);
  const patch = patchOf(scenario.given);
  const org = loadPatched({ ...file, readPrompt }, patch, { duties: dutyFacts() }, scenario.locate);
  const problems = [
    ...untaken(scenario, org),
    ...absent(scenario, org),
    ...uncelebrated(scenario, org),
    ...unvisited(scenario, org),
  ];
  if (problems.length > 0) throw new ScenarioInvalid(sortProblems(problems), scenario.path);
  return { org, orgText: overlayOrg(file.text, patch), readPrompt };
}

/** Tasks of the backlog that nobody takes. */
function untaken({ given, problem }: Scenario, org: Org): Problem[] {
  return (given.backlog ?? []).flatMap((task, index) => {
    const why = whyNobodyTakes(task, org);
    return why === undefined ? [] : [problem(['given', 'backlog', index, 'role'], why)];
  });
}

/** Agents that nobody is called, now or after a change of the org chart. */
function absent({ faults, then, when, problem }: Scenario, org: Org): Problem[] {
  const hired = when.flatMap((event) => Object.keys(event.org?.roles ?? {}));
  const roles = [...org.roles.map(({ name }) => name), ...hired];
  const mentions: [Keys, string | undefined, 'key' | 'value'][] = [
    ...faults.flatMap(({ crash, tool, slow }, index): [Keys, string | undefined, 'value'][] => [
      [['faults', index, 'crash', 'agent'], crash?.agent, 'value'],
      [['faults', index, 'tool', 'agent'], tool?.agent, 'value'],
      [['faults', index, 'slow', 'agent'], slow?.agent, 'value'],
    ]),
    ...Object.keys(then.agents).map((name): [Keys, string, 'key'] => [['then', 'agents', name], name, 'key']),
    ...Object.keys(then.commits?.by ?? {}).map((name): [Keys, string, 'key'] => [
      ['then', 'commits', 'by', name],
      name,
      'key',
    ]),
  ];
  return mentions.flatMap(([keys, name, at]) =>
    name === undefined || roles.some((role) => isAgentOf(name, role))
      ? []
      : [problem(keys, `${quote(name)} is nobody here${didYouMean(name, roles)}`, at)],
  );
}

/** What an agent also says to be, outside its chart. */
const OUTSIDE = ['crashed', 'fenced', 'gone'];

/** States that no agent of this company is ever in. */
function unvisited({ then, problem }: Scenario, org: Org): Problem[] {
  const charts = org.roles.map(({ policy }) => stateNamesOf(agentMachineOf(policy)));
  const known = [...new Set([...charts.flat(), ...OUTSIDE])];
  return Object.entries(then.agents).flatMap(([name, { visits = [] }]) =>
    visits.flatMap((state, index) =>
      known.includes(state)
        ? []
        : [
            problem(
              ['then', 'agents', name, 'visits', index],
              `${quote(state)} is no state of an agent${didYouMean(state, known)}`,
            ),
          ],
    ),
  );
}

/** Milestones that this company does not know. */
function uncelebrated({ then, until, when, problem }: Scenario, org: Org): Problem[] {
  // A change of the org chart may bring others.
  if (when.some((event) => event.org?.milestones !== undefined)) return [];
  const known = org.milestones.map(({ name }) => name);
  const mentions: [Keys, string | undefined][] = [
    ...when.map(({ at }, index): [Keys, string | undefined] => [
      ['when', index, 'at', 'after', 'milestone'],
      typeof at === 'number' ? undefined : at.after.milestone,
    ]),
    ...until.map(({ milestone }, index): [Keys, string | undefined] => [['until', index, 'milestone'], milestone]),
    ...then.milestones.map((name, index): [Keys, string] => [['then', 'milestones', index], name]),
  ];
  return mentions.flatMap(([keys, name]) =>
    name === undefined || known.includes(name)
      ? []
      : [problem(keys, `${quote(name)} is no milestone of this company${didYouMean(name, known)}`)],
  );
}
