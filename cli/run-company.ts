// A company that keeps running: it works until Ctrl+C, and goes on where it stopped the next time.

import { watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { dutyFacts } from '../actors/duties/registry.ts';
import { restoreLive } from '../actors/restore.ts';
import { readDocuments } from '../brain/knowledge/files.ts';
import type { Model } from '../brain/models/model.ts';
import { ScriptedModel } from '../brain/models/scripted.ts';
import type { Bus, Stored } from '../bus/bus.ts';
import { type Clock, RealClock } from '../bus/clock.ts';
import { reasonOf } from '../bus/errors.ts';
import { defaultCacheDir } from '../bus/server/cache.ts';
import { subjects } from '../bus/subjects.ts';
import { diffLines, diffOrg, isEmptyDiff } from '../org/diff.ts';
import { loadOrg, type OrgSource, readOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { loadPatched } from '../org/overlay.ts';
import { loadScenario } from '../scenarios/load.ts';
import { patchOf } from '../scenarios/patch.ts';
import type { Scenario } from '../scenarios/schema.ts';
import { openSandbox } from '../tools/sandbox.ts';
import { type Assembled, assemble, placesIn } from './assemble.ts';
import type { CliContext } from './context.ts';
import { openInspection } from './inspection.ts';
import type { UpOptions } from './options.ts';
import { tellOrg, WouldStrand } from './org-in-force.ts';
import { findFile } from './package-root.ts';
import { openLog } from './run-log.ts';
import { createCompanyScreen } from './run-screen.ts';
import { openRunStream } from './run-stream.ts';
import { timeOf } from './views/history.ts';
import { openWorkspace } from './workspace.ts';

/** How long after the last change of the org file it is read, in ms: editors write in several steps. */
const SETTLED_MS = 200;

type Staff = {
  readonly org: Org;
  readonly source: OrgSource;
  /** The company of an org file, with what the command line and the script change in it. Throws OrgInvalid. */
  readonly orgOf: (source: OrgSource) => Org;
  readonly script: Scenario | undefined;
};

async function prepare(options: UpOptions, context: CliContext): Promise<Staff> {
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
  return { org: orgOf(source), source, orgOf, script };
}

function modelOf(script: Scenario | undefined, clock: Clock): Model {
  return new ScriptedModel({ answers: script?.answers ?? [], clock });
}

/** Runs a company until Ctrl+C. Returns the exit code. */
export async function runCompany(options: UpOptions, context: CliContext): Promise<0> {
  const staff = await prepare(options, context);
  await openWorkspace(context.cwd);
  const { org, script } = staff;
  const places = placesIn(context.cwd, org.company);
  const logs = openLog(places.work, context);
  const screen = createCompanyScreen(options, context);
  const closing: (() => Promise<void> | void)[] = [() => logs.close()];
  try {
    const stream = await openRunStream({
      company: org.company,
      bus: undefined,
      nats: options.nats,
      kind: 'company',
      context,
      clock: () => new RealClock(options.speed ?? 1),
      log: (line) => logs.log('warn', line),
    });
    closing.unshift(() => stream.close());
    const { bus, clock } = stream;
    const started = (await bus.info()).lastSeq;
    const inspection = options.inspect ? await openInspection(logs.redact) : undefined;
    if (inspection) closing.unshift(() => inspection.close());
    const sandbox = await openSandbox({
      mode: org.sandbox,
      scripted: script !== undefined,
      cacheDir: defaultCacheDir(context.env),
      env: { ...context.env },
      progress: (line) => context.err(`${line}\n`),
      signal: context.drain,
    });
    await tellOrg(bus, staff.source.text);
    const papers = await readDocuments(join(context.cwd, 'knowledge'));
    let running: Assembled | undefined;
    const assembled = await assemble({
      org,
      bus,
      clock,
      model: modelOf(script, clock),
      knowledge: [...(script?.given.knowledge ?? []).map(({ name, text }) => ({ source: name, text })), ...papers],
      sandbox,
      places,
      env: { ...context.env },
      log: logs.log,
      inspect: inspection?.observe,
      onMessage: (stored) => {
        // A company that ran faster than the wall goes on from its own time, not from ours.
        if (stored.seq <= started) return clock.catchUp(timeOf(stored.message));
        screen.message(stored);
        if (running) obey(stored, running, staff, (line) => logs.log('warn', line));
      },
    });
    running = assembled;
    closing.unshift(() => assembled.projections.close());
    closing.unshift(() => assembled.tools.deployer.close());
    screen.opening({ org, stream: stream.described, sandbox, scripted: script, inspector: inspection?.url });
    context.stop.addEventListener('abort', () => void assembled.company.stop('interrupted twice'), { once: true });
    const { tools, projections } = assembled;
    for (const { product, commit, url, detail } of await restoreLive({
      tools,
      org: assembled.org,
      company: projections.company,
    })) {
      const line = `${product} ${commit.slice(0, 7)}`;
      if (url === undefined) logs.log('warn', `${line} was live and does not come up: ${detail}`);
      else screen.say(`live again: ${line} at ${url}`);
    }
    await assembled.company.start();
    await give(staff, bus, assembled);
    const unwatch = watchOrg(options, context, staff, assembled, screen.say);
    closing.unshift(unwatch);
    await interrupted(context.drain);
    await assembled.company.drain('interrupted');
    return 0;
  } finally {
    for (const close of closing) await close();
  }
}

function interrupted(drain: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (drain.aborted) resolve();
    else drain.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The mission and the products of the org file, and the backlog of the script, told once each. */
async function give({ org, script }: Staff, bus: Bus, { projections }: Assembled): Promise<void> {
  for (const { slug, name, description, stack } of org.products) {
    const id = `brain.product.${slug}`;
    await bus.publish(subjects.brain('product'), {
      id,
      type: 'brain.product',
      source: 'operator',
      data: { slug, name, description, stack: [...stack] },
    });
  }
  const product = org.products[0]?.slug;
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

/** Does what an operator says from another terminal: another org chart, pause, resume. */
function obey({ message }: Stored, running: Assembled, staff: Staff, warn: (line: string) => void): void {
  const { company } = running;
  const failed = (error: unknown) => warn(`${message.id} could not be followed: ${reasonOf(error)}`);
  if (message.type === 'org.changed') followOrg(message.data.text, running, staff).catch(failed);
  if (message.type === 'control.changed' && message.source === 'operator' && message.data.scope === 'company') {
    const { state, by, reason } = message.data;
    if (state === 'paused') company.pause(by, reason).catch(failed);
    if (state === 'running') company.resume(by, reason).catch(failed);
  }
}

/** Puts another org chart in force. Throws when it is not valid, or would leave an open task with nobody to do it. */
async function followOrg(text: string, running: Assembled, { source, orgOf }: Staff): Promise<void> {
  const after = orgOf({ ...source, text });
  const diff = diffOrg(running.org(), after, running.projections.board.tasks(), dutyFacts());
  if (diff.stranded.length > 0) throw new WouldStrand(diff);
  await running.changeOrg(after);
}

/** Saving the org file while the company runs says what it would change, and how to make it so. */
function watchOrg(
  options: UpOptions,
  context: CliContext,
  staff: Staff,
  assembled: Assembled,
  say: (line: string) => void,
): () => void {
  const path = findFile(options.org, context.cwd);
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    try {
      const after = staff.orgOf(readOrg(path, options.org));
      const diff = diffOrg(assembled.org(), after, assembled.projections.board.tasks(), dutyFacts());
      if (isEmptyDiff(diff)) return;
      say(`${options.org} was saved:`);
      for (const line of diffLines(diff)) say(`  ${line}`);
      say(`to make it so: headcount org apply ${options.org}`);
    } catch (error) {
      say(`${options.org} was saved and cannot be used:\n${reasonOf(error)}`);
    }
  };
  // The folder is watched: many editors replace the file, which ends a watch on the file itself.
  const watcher = watch(dirname(path), (_, name) => {
    if (name !== null && !path.endsWith(name)) return;
    clearTimeout(timer);
    timer = setTimeout(look, SETTLED_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
