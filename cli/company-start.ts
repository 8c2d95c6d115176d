// What a company is started with: its org chart, its script, its folder; and what it is told when it starts.

import { existsSync } from 'node:fs';
import { dutyFacts } from '../actors/duties/registry.ts';
import { type ModelWorld, modelsInUse, routedThinking, type Thinking } from '../actors/routed-thinking.ts';
import type { Cassette } from '../brain/models/cassette.ts';
import { ScriptedModel } from '../brain/models/scripted.ts';
import type { Bus } from '../bus/bus.ts';
import { HeadcountError } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { loadOrg, type OrgSource, readOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { loadPatched } from '../org/overlay.ts';
import { loadScenario } from '../scenarios/load.ts';
import { patchOf } from '../scenarios/patch.ts';
import type { Scenario } from '../scenarios/schema.ts';
import type { Assembled } from './assemble.ts';
import { NoCompany } from './connect.ts';
import type { CliContext } from './context.ts';
import type { UpOptions } from './options.ts';
import { findFile } from './package-root.ts';
import type { RunStream } from './run-stream.ts';

export type Staff = {
  readonly org: Org;
  readonly source: OrgSource;
  /** The company of an org file, with what the command line and the script change in it. Throws OrgInvalid. */
  readonly orgOf: (source: OrgSource) => Org;
  readonly script: Scenario | undefined;
  /** True for a process that serves some roles of a company that runs. */
  readonly joins: boolean;
  /** The product that the mission is about; undefined: the first of the org file. */
  readonly product?: string | undefined;
};

/** Reads what the company is started with. Throws OrgInvalid, OrgUnreadable, ScenarioInvalid. */
export async function prepare(options: UpOptions, context: CliContext): Promise<Staff> {
  const source = readOrg(findFile(options.org, context.cwd), options.org);
  const script = options.script === undefined ? undefined : await loadScenario(findFile(options.script, context.cwd));
  const given = script === undefined ? {} : patchOf(script.given);
  const patch = {
    ...given,
    ...(options.company === undefined ? {} : { company: options.company }),
    ...(options.mission === undefined ? {} : { mission: options.mission }),
  };
  const load = { duties: dutyFacts() };
  const orgOf = (file: OrgSource) =>
    Object.keys(patch).length > 0 ? loadPatched(file, patch, load, script?.locate) : loadOrg(file, load);
  return { org: orgOf(source), source, orgOf, script, joins: options.roles !== undefined };
}

/** How a company thinks, and the line that says so. */
export type Workers = {
  readonly thinking: (world: ModelWorld) => Thinking;
  readonly line: string;
  /** False: they can do nothing, and the line says what to do about it. */
  readonly able: boolean;
};

/**
 * Scripted workers where there is a script, otherwise the models that the keys of this process reach.
 * @param tape takes their answers down, or gives them
 */
export function workersOf({ script, org }: Staff, env: CliContext['env'], tape?: Cassette): Workers {
  const scripted = ({ clock }: ModelWorld): Thinking => ({
    model: new ScriptedModel({ answers: script?.answers ?? [], clock }),
  });
  if (script) return { thinking: scripted, line: `scripted by ${script.path}`, able: true };
  const used = modelsInUse(org, env, tape);
  if (used.length > 0) {
    return { thinking: (world) => routedThinking(env, world, { tape }), line: used.join(', '), able: true };
  }
  const line = 'nobody can think: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or --script <file>';
  return { thinking: scripted, line, able: false };
}

/** The org chart that a running company has in force, with what the script changes in it. Throws NoCompany, OrgInvalid. */
export async function joined(staff: Staff, bus: Bus): Promise<Staff> {
  const last = await bus.last(subjects.org);
  if (last?.message.type !== 'org.changed')
    throw new NoCompany(`company ${bus.company} has never run`, 'start it with `headcount up`, without --roles');
  const source = { ...staff.source, text: last.message.data.text };
  return { ...staff, source, org: staff.orgOf(source) };
}

/**
 * A company that starts again keeps what it changed itself (whom HR hired or let go) since its org file was put in force. A file
 * that was edited meanwhile says it all anew. Throws OrgInvalid.
 * @returns what it starts with, and the changes that are not in the file
 */
export async function resumed(staff: Staff, bus: Bus): Promise<{ staff: Staff; kept: readonly string[] }> {
  let [filed, inForce] = [staff.source.text, staff.source.text];
  let kept: readonly string[] = [];
  for await (const { message } of bus.replay({ filter: subjects.org })) {
    if (message.type !== 'org.changed') continue;
    inForce = message.data.text;
    if (message.source === 'hr') kept = [...kept, ...message.data.summary];
    else [filed, kept] = [inForce, []];
  }
  if (kept.length === 0 || filed !== staff.source.text) return { staff, kept: [] };
  const source = { ...staff.source, text: inForce };
  return { staff: { ...staff, source, org: staff.orgOf(source) }, kept };
}

/** Where the company keeps its products and its work: with whoever runs it, also for a process that joined. */
export async function folderOf(stream: RunStream, context: CliContext): Promise<string> {
  const folder = (await stream.network?.workspace()) ?? context.cwd;
  if (existsSync(folder)) return folder;
  throw new HeadcountError(
    'NO_WORKSPACE',
    `the company keeps its products in ${folder}, which is not on this machine`,
    'mount that folder here under the same path, or join on the machine that has it',
  );
}

/** True when one of the roles served here has the duty. */
export function serves(org: Org, only: readonly string[] | undefined, duty: string): boolean {
  return org.roles.some(({ name, duties }) => duties.includes(duty) && (only?.includes(name) ?? true));
}

/** The mission and the products of the org file, and the backlog of the script, told once each. */
export async function give(
  { org, script, product = org.products[0]?.slug }: Staff,
  bus: Bus,
  { projections }: Assembled,
): Promise<void> {
  for (const { slug, name, description, stack } of org.products) {
    const id = `brain.product.${slug}`;
    await bus.publish(subjects.brain('product'), {
      id,
      type: 'brain.product',
      source: 'operator',
      data: { slug, name, description, stack: [...stack] },
    });
  }
  const about = product === undefined ? {} : { product };
  const backlog = script?.given.backlog;
  if (backlog !== undefined && (await bus.last(subjects.directives)) === undefined) {
    const data = { id: 'B1', tasks: backlog, ...about };
    const draft = { id: 'backlog.1', type: 'backlog.given', source: 'operator', data } as const;
    await bus.publish(subjects.directives, draft, { expectedLastSeq: 0 });
  }
  const { mission } = org;
  if (mission === undefined || projections.company.get().mission === mission) return;
  const data = { text: mission, ...about };
  const id = `brain.mission.${(await bus.info()).lastSeq}`;
  await bus.publish(subjects.brain('mission'), { id, type: 'brain.mission', source: 'operator', data });
}
