// One simulated run: whole processes of a company on one memory stream, in virtual time, with what a seed lets go wrong. The
// invariants are looked at after every message; then everything is healed, and all work has to end.

import { isOpen } from '../actors/board.ts';
import { createHappenings, giveScenario } from '../actors/happenings.ts';
import type { Stored } from '../bus/bus.ts';
import { RealClock } from '../bus/clock.ts';
import { reasonOf } from '../bus/errors.ts';
import { MemoryStream } from '../bus/memory/stream.ts';
import { MemoryBus } from '../bus/memory.ts';
import type { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { agentsOf, type Org } from '../org/org.ts';
import { createEnding } from '../scenarios/ending.ts';
import type { Strike } from '../scenarios/events.ts';
import { countLosses } from '../scenarios/losses.ts';
import type { Scenario } from '../scenarios/schema.ts';
import { openMemoryProducts } from '../tools/memory/products.ts';
import type { LocalProducts } from '../tools/products.ts';
import { createChance } from './chance.ts';
import { createCoverage } from './coverage.ts';
import { drawWeather, type SimulatedFault } from './faults.ts';
import type { Build, Member } from './member.ts';
import { createMembers } from './members.ts';
import { answerOpen, answerQuestion } from './operator.ts';
import type { Plan } from './plan.ts';
import { underWay, watchForStandstill } from './standstill.ts';
import { createTape } from './tape.ts';
import { createWatch, landedTwice, paidAgain, unsettled, type Violation } from './watch.ts';

export type RunSpec = {
  readonly seed: number;
  /** Faults that may strike. */
  readonly kinds: readonly SimulatedFault[];
  /** Instead of what the seed draws: exactly this. */
  readonly repeat?: Weathered | undefined;
  /** Processes at once, instead of as many as the seed draws. */
  readonly processes?: number | undefined;
};

/** What went wrong in a run, so that it can be repeated. */
export type Weathered = {
  readonly strikes: readonly Strike[];
  readonly processes: number;
  readonly healAfterMs: number;
};

export type RunResult = Weathered & {
  readonly seed: number;
  /** Empty for a company that came through. */
  readonly violations: readonly Violation[];
  readonly messages: number;
  readonly virtualMs: number;
  /** US dollars, with the worst case of what nobody settled. */
  readonly cost: number;
  /** From the start until the last task ended, ms. */
  readonly workMs: number;
  /** How often a call found no money. */
  readonly stops: number;
  /** States and transitions that were taken. */
  readonly taken: readonly string[];
};

export type SimulateOptions = { readonly build?: Build; readonly log?: (line: string) => void };

/** A run with what it left behind. */
export type Simulated = RunResult & { readonly stream: MemoryStream; readonly products: LocalProducts };

const passed = { ok: true, outcome: 'passed', summary: 'passed', tail: '' } as const;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PULSE_MS = 10 * MINUTE_MS;
/** How long after the healing, or the deadline of the scenario, all work must have ended. */
const PATIENCE_MS = 14 * 24 * HOUR_MS;
/** How long a question waits for the scenario before the operator answers it. */
const UNANSWERED_MS = 2 * HOUR_MS;
/** Strikes after which an answer may have to be asked for again. */
const REASONS = ['crash', 'duplicate', 'redeliver-late', 'stale-ack', 'partition', 'disk-full', 'delay', 'reorder'];

/** True when no delivery waits or is in hand. */
function isSettled(stream: MemoryStream): boolean {
  for (const durable of stream.durables.values()) {
    if (durable.unsettled.size > 0 || durable.pending(stream) > 0) return false;
  }
  return true;
}

/** The run that a scenario repeats, when it says so. */
function writtenDown({ simulation, faults }: Scenario): Weathered | undefined {
  if (!simulation) return undefined;
  const strikes = faults.flatMap(({ strike }) => (strike ? [strike] : []));
  return { strikes, processes: simulation.processes, healAfterMs: simulation.healAfter };
}

/** The end of a run: who ends it, and who waits for it. */
function createEnd() {
  let tell: () => void = () => {};
  const come = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const end = {
    come,
    isOver: false,
    finish() {
      end.isOver = true;
      tell();
    },
  };
  return end;
}

/**
 * Runs one seed to its end. What the company does wrong is a violation and never thrown.
 * @param build a company that is wrong, for tests
 */
export async function simulate(plan: Plan, spec: RunSpec, options: SimulateOptions = {}): Promise<Simulated> {
  const { build = {}, log = () => {} } = options;
  const { scenario } = plan;
  const { start } = scenario.given;
  const chance = createChance(spec.seed);
  const drawn = drawWeather(spec.kinds, chance);
  const repeat = spec.repeat ?? writtenDown(scenario);
  const weather = { ...drawn, ...(spec.processes === undefined ? {} : { processes: spec.processes }), ...repeat };
  const tape = createTape(repeat?.strikes);
  const stream = new MemoryStream();
  const coverage = createCoverage(plan.org.standing.start);
  const ending = createEnding(scenario);
  const end = createEnd();
  const over = new AbortController();
  const healAt = start + weather.healAfterMs;
  const patience = Math.max(healAt, scenario.deadline) + PATIENCE_MS;
  let org = plan.org;
  let paused = false;
  let heard: (stored: Stored) => void = () => {};
  const watch = createWatch(stream, org, (stored) => {
    ending.told(stored.message);
    heard(stored);
  });

  let looks = 0;
  const clock: VirtualClock = new VirtualClock({ start, serial: true, onIdle: () => end.isOver || look(clock.now()) });
  const members = createMembers({
    plan,
    seed: spec.seed,
    weather,
    chance,
    tape,
    clock,
    stream,
    org: () => org,
    build,
    log,
    coverage,
    isPaused: () => paused,
    blind: ({ id, source }) => watch.found('S6', source, `${id} was written without a word of what had been seen`),
  });
  // Somebody outside, whom nothing keeps from the stream.
  const person = new MemoryBus(plan.org.company, clock, { stream });
  await person.tap({ filter: '>' }, () => watch.messages());

  /** Nothing is in flight: looks whether all is well, and whether it is the end. */
  function look(now: number): boolean {
    looks += 1;
    if (now >= healAt) tape.calm();
    if (isDone(now)) end.finish();
    else if (now > patience) giveUp();
    return end.isOver;
  }

  function giveUp(): void {
    for (const line of [...ending.open(), ...underWay(stream, watch.board.state)])
      watch.found('S1', 'the company', line);
    end.finish();
  }

  let standsStill = false;
  const unwatch = watchForStandstill(
    new RealClock(),
    () => looks,
    () => {
      standsStill = true;
      const at = new Date(clock.now()).toISOString();
      watch.found('S1', 'the simulation', `it stands still at ${at}: ${clock.describe()}`);
      giveUp();
    },
  );

  /** Projections may be behind the stream for a while. */
  function isUpToDate({ projections }: Member): boolean {
    return projections?.board.state.seq === stream.lastSeq;
  }

  function isDone(now: number): boolean {
    if (watch.violations.length > 0) return true;
    if (!members.all.every(isUpToDate) || !isSettled(stream)) return false;
    watch.rest(now);
    if (watch.violations.length > 0) return true;
    if (now < healAt) return false;
    if (ending.reached()) return true;
    const tasks = watch.board.tasks();
    return now >= scenario.deadline && tasks.length > 0 && !tasks.some(isOpen);
  }

  async function changeOrg(patch: unknown): Promise<void> {
    const before = org;
    const { org: after, text } = plan.changed(patch);
    org = after;
    watch.obey(after);
    const data = { by: 'operator', text, summary: [] };
    await person.publish(subjects.org, { id: `org.${stream.lastSeq}`, type: 'org.changed', source: 'operator', data });
    await Promise.all(members.all.map((member) => member.follow(before, after)));
  }

  const happenings = createHappenings(
    scenario,
    {
      bus: person,
      clock,
      board: watch.board,
      ending,
      changeOrg,
      switchTo: async (state) => {
        paused = state === 'paused';
        for (const member of members.all) await member.switchTo(state);
      },
      answer: (id, option, from) => answerQuestion(person, id, option, from),
    },
    over.signal,
  );
  heard = (stored) => happenings.told(stored);
  const wrong = (error: unknown) => {
    if (!end.isOver) watch.found('S5', 'the simulation', reasonOf(error));
    end.finish();
  };

  async function pulse(): Promise<void> {
    while (!end.isOver) {
      await clock.sleepUntil(clock.now() + PULSE_MS);
      members.jump();
      await answerOpen(person, watch.board, clock.now() - UNANSWERED_MS);
    }
  }

  /** What is found while processes start ends the run, and their starting with it. */
  async function begin(): Promise<void> {
    for (const member of members.all) await member.start();
    giveScenario(scenario, org, person).catch(wrong);
    happenings.start(wrong);
    pulse().catch(wrong);
  }

  begin().catch(wrong);
  await end.come;
  unwatch();
  over.abort(new Error('the run is over'));
  tape.calm();
  for (const { slug, detail } of landedTwice(members.disk)) watch.found('S2', slug, detail);
  const reasons = members.deaths() + tape.strikes.filter(({ fault }) => REASONS.includes(fault)).length;
  for (const detail of paidAgain(members.provider, reasons)) watch.found('S3', 'the provider', detail);
  // What cuts off one process cuts off a call of each of its agents.
  const cut = reasons * agentsIn(org);
  for (const detail of unsettled(stream.messages, cut)) watch.found('S7', 'money.ends', detail);
  if (watch.violations.length === 0) watch.end(clock.now(), members.all);
  for (const member of members.all) await member.close(standsStill);
  await person.close();
  return {
    seed: spec.seed,
    violations: watch.violations,
    messages: stream.lastSeq,
    ...spendingIn(stream, watch.board.tasks(), start),
    virtualMs: clock.now() - start,
    strikes: tape.strikes,
    processes: weather.processes,
    healAfterMs: weather.healAfterMs,
    taken: [...coverage.taken],
    stream,
    products: openMemoryProducts({ disk: members.disk, test: () => passed }),
  };
}

const agentsIn = ({ roles }: Org): number => roles.reduce((sum, role) => sum + agentsOf(role).length, 0);

function spendingIn({ messages }: MemoryStream, tasks: readonly Task[], start: number) {
  return {
    cost: countLosses(messages).cost,
    workMs: tasks.reduce((last, { endedAt }) => Math.max(last, (endedAt ?? start) - start), 0),
    stops: messages.filter(({ message }) => message.type === 'money.stopped').length,
  };
}
