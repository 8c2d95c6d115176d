// Plays a scenario to its end: given a company, when things happen, then this is how it ends.

import { hostname } from 'node:os';
import { relative, resolve } from 'node:path';
import { castOf } from '../actors/cast.ts';
import { dutyFacts } from '../actors/duties/registry.ts';
import { createHappenings, giveScenario } from '../actors/happenings.ts';
import type { Thinking } from '../actors/routed-thinking.ts';
import { createFileKnowledge } from '../brain/knowledge/files.ts';
import type { Bus } from '../bus/bus.ts';
import { type Clock, RealClock } from '../bus/clock.ts';
import { reasonOf } from '../bus/errors.ts';
import { CompanyRunning, StreamTookNothing } from '../bus/jetstream/errors.ts';
import type { Message } from '../bus/messages.ts';
import { defaultCacheDir } from '../bus/server/cache.ts';
import { subjects } from '../bus/subjects.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { loadOrg, readOrg } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { overlayOrg } from '../org/overlay.ts';
import { createEnding } from '../scenarios/ending.ts';
import { createFaults, type Faults } from '../scenarios/faults.ts';
import { loadScenario } from '../scenarios/load.ts';
import { openWrittenWeb } from '../tools/memory/web.ts';
import { openSandbox } from '../tools/sandbox.ts';
import { type Assembled, assemble } from './assemble.ts';
import { answerApproval } from './commands/answer.ts';
import { conclude, type Ended, type Play, type Ready } from './conclude.ts';
import type { CliContext } from './context.ts';
import { openInspection } from './inspection.ts';
import { makeRoom } from './old-products.ts';
import type { RunOptions } from './options.ts';
import { tellOrg } from './org-in-force.ts';
import { findFile } from './package-root.ts';
import { placesIn } from './places.ts';
import { playAlone } from './played.ts';
import { readRunFile } from './run-file.ts';
import { openLog } from './run-log.ts';
import { createScreen } from './run-screen.ts';
import { openRunStream } from './run-stream.ts';
import { openScenarioModel, type ScenarioModel } from './scenario-model.ts';
import { watchStream } from './stream-trouble.ts';
import { checkTarget, openWorkspace } from './workspace.ts';

async function prepare(options: RunOptions, context: CliContext): Promise<Ready> {
  const scenario = await loadScenario(findFile(options.scenario, context.cwd));
  const file = readOrg(findFile('org/org.yaml', context.cwd), 'org/org.yaml');
  const cast = castOf(scenario, file);
  return { scenario, ...cast, places: placesIn(context.cwd, cast.org.company) };
}

/** Decides when a run is over, and tells once. */
function createStage(ready: Ready, options: RunOptions) {
  const ending = createEnding(ready.scenario);
  let end: (how: Ended) => void = () => {};
  const ended = new Promise<Ended>((resolve) => {
    end = resolve;
  });
  let inHand = () => 0;
  const look = (): boolean => {
    if (!ending.reached() || inHand() > 0) return false;
    end('reached');
    return true;
  };
  const { clock, start } = ready.scenario.given;
  const speed = options.speed ?? (typeof clock === 'object' ? clock.speed : 1);
  const real = options.clock === 'real' || (options.clock === undefined && clock !== 'virtual');
  return {
    ending,
    ended,
    end,
    /** Time stands still once the end is reached. On the memory bus one turn runs at a time, so that a run repeats. */
    clockFor: (bus: 'jetstream' | 'memory'): Clock =>
      real ? new RealClock(speed, start) : new VirtualClock({ start, serial: bus === 'memory', onIdle: look }),
    /** On a real clock somebody has to look. */
    look,
    watchHands: (count: () => number) => {
      inHand = count;
    },
  };
}

/**
 * Runs a scenario and prints its timeline and report.
 * @returns the exit code: 0; 1 when an expectation failed or the end was not reached; 4 when a used-up budget kept it away
 */
export async function runScenario(options: RunOptions, context: CliContext): Promise<0 | 1 | 4> {
  const ready = await prepare(options, context);
  if (ready.scenario.simulation) return runRepeat(options, context);
  await openWorkspace(context.cwd);
  if (options.out !== undefined) await checkTarget(resolve(context.cwd, options.out));
  return alone(ready, context, () => runAlone(ready, options, context));
}

/** One at a time makes the products of a folder, whichever bus it is on. Throws CompanyRunning. */
function alone<T>({ org, places }: Ready, { cwd }: CliContext, work: () => Promise<T>): Promise<T> {
  const note = readRunFile(cwd);
  if (note?.company === org.company && !note.joined && note.pid !== process.pid)
    throw new CompanyRunning(org.company, { pid: note.pid, host: hostname() });
  return playAlone(org.company, places, work);
}

async function runAlone(ready: Ready, options: RunOptions, context: CliContext): Promise<0 | 1 | 4> {
  const stage = createStage(ready, options);
  const logs = openLog(ready.places.work, context);
  try {
    const stream = await openRunStream({
      company: ready.org.company,
      bus: options.bus,
      nats: options.nats,
      kind: 'scenario',
      context,
      clock: stage.clockFor,
      log: (line) => logs.log('warn', line),
    });
    try {
      const model = await openScenarioModel(ready.scenario, stream.clock, options.seed);
      const screen = createScreen(options, context);
      try {
        return await play({ options, context, ready, stage, stream, model, logs, screen });
      } finally {
        await model.close();
      }
    } finally {
      await stream.close();
    }
  } finally {
    logs.close();
  }
}

/** A scenario that a simulated run has written is played by the simulator. */
async function runRepeat({ scenario, json }: RunOptions, context: CliContext): Promise<0 | 1> {
  const { runSimulations } = await import('./run-sim.ts');
  const one = { seeds: { from: 1, to: 1 }, faults: [], processes: undefined, jobs: 1, junit: undefined };
  return runSimulations({ ...one, scenario, json, found: '.', shrink: false }, context);
}

type Playing = Play & { readonly stage: ReturnType<typeof createStage>; readonly model: ScenarioModel };

async function play(p: Playing): Promise<0 | 1 | 4> {
  const { options, context, ready, stage, stream, model, screen, logs } = p;
  const { scenario, org, places } = ready;
  const { bus, clock } = stream;
  const startedAt = context.now();
  const over = new AbortController();
  const faults = createFaults(scenario.faults, { now: () => clock.now() });
  const inspection = options.inspect ? await openInspection(logs.redact) : undefined;
  const sandbox = await openSandbox({
    mode: org.sandbox,
    scripted: true,
    cacheDir: defaultCacheDir(context.env),
    env: { ...context.env },
    progress: (line) => context.err(`${line}\n`),
    signal: context.drain,
  });
  let happenings: ReturnType<typeof createHappenings> | undefined;
  let followHr: ((message: Message) => void) | undefined;
  const { given } = scenario;
  const assembled = await assemble({
    org,
    bus,
    clock,
    thinking: (world) => withFaults(faults, model.thinking(world)),
    knowledge: createFileKnowledge(given.knowledge.map(({ name, text }) => ({ source: name, text }))),
    ...(given.pages && { web: openWrittenWeb(given.pages, org.web?.allow ?? []) }),
    sandbox,
    places,
    env: { ...context.env },
    log: logs.log,
    atStep: faults.atStep,
    inspect: inspection?.observe,
    makeRoom: (git) => Promise.all(org.products.map(({ slug }) => makeRoom(git, places, slug))),
    onMessage: (stored, bytes) => {
      stream.seen(stored, bytes);
      stage.ending.told(stored.message);
      happenings?.told(stored);
      followHr?.(stored.message);
      screen.message(stored);
      if (!clock.virtual) setImmediate(stage.look);
    },
  });
  const { company, projections } = assembled;
  const watch = watchStream(stream, company, context);
  happenings = createHappenings(
    scenario,
    {
      bus: assembled.bus,
      clock,
      board: projections.board,
      ending: stage.ending,
      changeOrg: (patch) => changeOrg(ready, assembled, bus, patch),
      answer: (id, option, from) => answerApproval(assembled.bus, id, option, from),
      switchTo: (state) =>
        state === 'paused' ? company.pause('operator', 'the scenario') : company.resume('operator', 'the scenario'),
    },
    over.signal,
  );
  followHr = (message) => {
    if (message.type !== 'org.changed' || message.source !== 'hr') return;
    const failed = (error: unknown) => logs.log('warn', `${message.id} could not be followed: ${reasonOf(error)}`);
    assembled.changeOrg(orgFrom(ready, message.data.text)).catch(failed);
  };
  stage.watchHands(() => company.inHand);
  screen.opening({
    org,
    stream: stream.described,
    sandbox,
    scenario,
    inspector: inspection?.url,
    kept: assembled.kept.map((dir) => relative(context.cwd, dir)),
  });
  context.drain.addEventListener('abort', () => stage.end('interrupted'), { once: true });
  context.stop.addEventListener('abort', () => void company.stop('interrupted twice'), { once: true });
  try {
    let failure: unknown;
    await clock.turn(async () => {
      // Whoever changes the org chart while it runs needs the one in force.
      if (org.roles.some(({ schedule }) => schedule.staff !== undefined)) await tellOrg(bus, ready.orgText);
      await company.start();
      await giveScenario(scenario, org, assembled.bus);
    });
    happenings.start((error) => {
      failure = error;
      stage.end('interrupted');
    });
    const deadline = clock.sleepUntil(scenario.deadline, over.signal).then(() => stage.end('deadline'));
    deadline.catch(() => {});
    const how = await stage.ended;
    over.abort(new Error('the run is over'));
    // What drains ends its children; with --keep they are to stay.
    const keeps = options.keep && how === 'reached' && failure === undefined;
    if (keeps) await company.pause('operator', 'the scenario has ended');
    else if (how === 'reached') await company.drain('the scenario has ended');
    else if (how === 'interrupted') await company.drain('interrupted');
    else await company.stop('the deadline has come');
    if (failure !== undefined) throw failure;
    if (how === 'interrupted' && watch.takesNothing) throw new StreamTookNothing();
    const code = await conclude(p, assembled, faults, how, startedAt);
    if (keeps) {
      await screen.keep(context.drain);
      await company.drain('kept no longer');
    }
    return code;
  } finally {
    over.abort(new Error('the run is over'));
    await company.stop('the run is over');
    await assembled.tools.deployer.close();
    await projections.close();
    await inspection?.close();
  }
}

function orgFrom({ readPrompt }: Ready, text: string): Org {
  return loadOrg({ text, file: 'org.yaml', readPrompt }, { duties: dutyFacts() });
}

/** The faults of the scenario before whatever model answers. */
function withFaults(faults: Faults, thinking: Thinking): Thinking {
  return { ...thinking, model: faults.model(thinking.model) };
}

async function changeOrg(ready: Ready, assembled: Assembled, bus: Bus, patch: unknown): Promise<void> {
  // What HR has changed meanwhile stays.
  const last = await bus.last(subjects.org);
  const text = overlayOrg(last?.message.type === 'org.changed' ? last.message.data.text : ready.orgText, patch);
  const after = orgFrom(ready, text);
  const data = { by: 'operator', text, summary: [] };
  await bus.publish(subjects.org, {
    id: `org.${(await bus.info()).lastSeq}`,
    type: 'org.changed',
    source: 'operator',
    data,
  });
  await assembled.changeOrg(after);
}
