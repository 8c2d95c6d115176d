// The processes of a simulated company, with what may happen to them.

import { type ModelWorld, type Thinking, wiredThinking } from '../actors/routed-thinking.ts';
import { createFileKnowledge } from '../brain/knowledge/files.ts';
import { ScriptedModel } from '../brain/models/scripted.ts';
import { scriptedWires } from '../brain/models/scripted-wire.ts';
import type { MemoryStream } from '../bus/memory/stream.ts';
import type { Draft } from '../bus/messages.ts';
import type { VirtualClock } from '../bus/virtual-clock.ts';
import type { Org } from '../org/org.ts';
import { createFaults, InjectedCrash } from '../scenarios/faults.ts';
import { createDisk, type MemoryDisk, openMemoryProducts } from '../tools/memory/products.ts';
import { isBlind } from './blind.ts';
import type { Chance } from './chance.ts';
import type { Coverage } from './coverage.ts';
import type { Weather } from './faults.ts';
import { type Build, Member } from './member.ts';
import type { Plan } from './plan.ts';
import { type Asked, createProviders } from './provider.ts';
import { createStreamHabits } from './stream-habits.ts';
import type { Tape } from './tape.ts';
import { scriptedTests } from './verdict.ts';

export type MembersParts = {
  readonly plan: Plan;
  readonly seed: number;
  readonly weather: Weather;
  readonly chance: Chance;
  readonly tape: Tape;
  readonly clock: VirtualClock;
  readonly stream: MemoryStream;
  readonly org: () => Org;
  readonly build: Build;
  readonly coverage: Coverage;
  readonly isPaused: () => boolean;
  readonly log: (line: string) => void;
  /** Told of a write that changes a state and says not what its writer has seen. */
  readonly blind: (draft: Draft) => void;
};

export type Members = {
  readonly all: readonly Member[];
  readonly disk: MemoryDisk;
  readonly provider: Asked;
  /** How often processes were ended so far. */
  readonly deaths: () => number;
  /** Lets clocks jump; to be called now and then. */
  readonly jump: () => void;
};

const MINUTE_MS = 60_000;
const LONGEST_AWAY_MS = 30 * MINUTE_MS;
const LARGEST_SKEW_MS = 4 * MINUTE_MS;
/** How often a call, a step, a look at the clock is struck at the usual rate. */
const CRASHES = 0.0004;
const STEP_CRASHES = 0.01;
const JUMPS = 0.02;
/** How much answers vary in time, so that things meet in every order. */
const JITTER = 0.4;

const nameOf = (index: number) => (index === 0 ? 'main' : `p${index + 1}`);

export function createMembers(parts: MembersParts): Members {
  const { plan, seed, weather, chance, tape, clock, stream, org, build, coverage, isPaused, log, blind } = parts;
  const { answers, given, faults: scripted } = plan.scenario;
  const on = new Set<string>(weather.kinds);
  const quiet = weather.kinds.length === 0 && weather.healAfterMs === 0;
  const disk = createDisk();
  const test = scriptedTests(answers);
  const faults = createFaults(scripted, { now: () => clock.now() });
  const model = new ScriptedModel({
    answers,
    clock,
    seed: quiet ? given.seed : seed,
    jitter: quiet ? given.jitter : Math.max(JITTER, given.jitter),
  });
  const routes = given.wire !== undefined;
  // As in a run: a fault of the scenario strikes before whatever answers, a router too.
  const providers = createProviders(routes ? model : faults.model(model), weather, { chance, tape, clock });
  const outages = scripted.flatMap(({ provider }) => (provider ? [provider] : []));
  /** Each process has a router of its own, where the scenario has one, and all of them the same providers. */
  const thinking = (world: ModelWorld): Thinking => {
    if (!routes) return { model: providers.of(undefined) };
    const { before, wire } = scriptedWires((name) => providers.of(name), outages, clock);
    const routed = wiredThinking({ before, open: async ({ name }) => wire(name), isFor: () => true }, world);
    return { ...routed, model: faults.model(routed.model) };
  };
  const knowledge = createFileKnowledge(given.knowledge.map(({ name, text }) => ({ source: name, text })));
  const skews = new Map<string, number>();
  const doubt = { until: 0 };
  let deaths = 0;

  const kills = (place: string, share: number): number | undefined => {
    if (quiet) return undefined;
    const draw = () =>
      on.has('crash') && chance.strikes(share * weather.rate) ? chance.between(1_000, LONGEST_AWAY_MS) : undefined;
    const value = tape.decide('crash', place, draw);
    return value === undefined ? undefined : Number(value);
  };

  const memberOf = (name: string) =>
    new Member({
      name,
      company: plan.org.company,
      stream,
      clock,
      habits: quiet ? undefined : createStreamHabits(name, weather, { chance, tape, now: () => clock.now(), doubt }),
      told: (draft, options) => {
        coverage.told(draft);
        if (isBlind(draft, options)) blind(draft);
      },
      inspect: (event) => coverage.watch(event),
      thinking,
      products: () => openMemoryProducts({ disk, test }),
      knowledge,
      org,
      log: (level, line) => log(`${name} ${level}: ${line}`),
      build,
      kills: (when, call) => kills(`${when} ${call}`, CRASHES),
      atStep: async (at, turn) => {
        const place = `step ${at.step} of ${at.task}, attempt ${at.attempt}`;
        if (kills(place, STEP_CRASHES) !== undefined) throw new InjectedCrash(`${at.agent} was ended before ${place}`);
        await faults.atStep(at, turn);
      },
      skew: () => (tape.calmed ? 0 : (skews.get(name) ?? 0)),
      isPaused,
      ended: () => {
        deaths += 1;
      },
    });

  const all = Array.from({ length: weather.processes }, (_, index) => memberOf(nameOf(index)));
  return {
    all,
    disk,
    provider: providers,
    deaths: () => deaths,
    jump() {
      for (const { name } of all) {
        const place = `${name} after ${Math.round((clock.now() - given.start) / MINUTE_MS)} minutes`;
        const draw = () =>
          on.has('clock-jump') && chance.strikes(JUMPS * weather.rate)
            ? chance.between(-LARGEST_SKEW_MS, LARGEST_SKEW_MS)
            : undefined;
        const skew = tape.decide('clock-jump', place, draw);
        if (skew !== undefined) skews.set(name, Number(skew));
      }
    },
  };
}
