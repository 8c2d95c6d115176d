// Many simulated runs of one scenario, what they came to, and the shortest way to see again what was found.

import { writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { waysThrough } from '../simulator/coverage.ts';
import { simulatedFaults } from '../simulator/faults.ts';
import { writeFound } from '../simulator/found.ts';
import { hunt } from '../simulator/hunt.ts';
import { type Plan, type PlanFiles, readPlan } from '../simulator/plan.ts';
import { type Failing, repeatOf, shrink } from '../simulator/shrink.ts';
import { type RunResult, simulate } from '../simulator/simulate.ts';
import { createSummary } from '../simulator/summary.ts';
import type { CliContext } from './context.ts';
import type { SimOptions } from './options.ts';
import { painter, safeJson } from './output.ts';
import { findFile } from './package-root.ts';
import { createProgress, type Progress } from './sim-progress.ts';
import { type FoundSeed, simJunit, simLines } from './views/sim-text.ts';
import { checkFolder, checkTarget } from './workspace.ts';

/** Failing seeds that are shrunk; the others are only named. */
const MOST_SHRUNK = 3;
/** Runs that shrinking one seed may take. */
const MOST_TRIES = 300;

/** Runs them all. Returns the exit code: 1 when an invariant was broken, or it was interrupted. Throws NotWritable before the first. */
export async function runSimulations(options: SimOptions, context: CliContext): Promise<0 | 1> {
  const files = {
    scenario: findFile(options.scenario, context.cwd),
    org: findFile('org/org.yaml', context.cwd),
  };
  const plan = await readPlan(files);
  // Hours of runs are not to be lost for a folder that is not there.
  if (options.junit !== undefined) await checkTarget(resolve(context.cwd, options.junit));
  if (options.shrink) await checkFolder(resolve(context.cwd, options.found));
  const startedAt = context.now();
  const collected = createSummary(waysThrough(plan.org, plan.scenario.given.wire !== undefined));
  const progress = createProgress(options.seeds.to - options.seeds.from + 1, context);
  const ran = (result: RunResult) => {
    collected.add(result);
    progress.ran(result);
  };
  if (plan.scenario.simulation) ran(await simulate(plan, { seed: plan.scenario.simulation.seed, kinds: [] }));
  else {
    const { faults: kinds, seeds, processes, jobs } = options;
    await hunt({ files, kinds, seeds, processes, jobs, signal: context.drain, ran });
  }
  const { failed } = collected.summary();
  const found: FoundSeed[] = [];
  for (const [index, run] of failed.entries()) {
    found.push(
      await lookInto(run, plan, {
        options,
        context,
        files,
        shrinks: index < MOST_SHRUNK && !context.drain.aborted,
        progress,
      }),
    );
  }
  progress.done();
  const wallMs = context.now() - startedAt;
  const asked = plan.scenario.simulation ? 1 : options.seeds.to - options.seeds.from + 1;
  const result = { ...collected.summary(), asked, found, wallMs };
  if (options.junit !== undefined) {
    await writeFile(resolve(context.cwd, options.junit), simJunit(plan.scenario.name, result));
  }
  if (options.json) context.out(`${safeJson(result, 2)}\n`);
  else {
    const page = { paint: painter(context.colour, context.name), width: context.columns };
    for (const line of simLines(result, page)) context.out(`${line}\n`);
  }
  return failed.length === 0 && result.runs === asked ? 0 : 1;
}

type Looking = {
  readonly options: SimOptions;
  readonly context: CliContext;
  readonly files: PlanFiles;
  readonly shrinks: boolean;
  readonly progress: Progress;
};

/** How to see a failing run again; when it can be made shorter, the scenario that does. */
async function lookInto(run: RunResult, plan: Plan, looking: Looking): Promise<FoundSeed> {
  const { options, context, shrinks, progress } = looking;
  const { seed, strikes, violations } = run;
  const reproduce = reproduction(options, plan, seed);
  const as = { seed, reproduce, strikes: strikes.length, scenario: undefined };
  if (!shrinks || !options.shrink || run.processes === 0 || plan.scenario.simulation) return as;
  const wanted = new Set(violations.map(({ invariant }) => invariant));
  const breaks = async (failing: Failing) => {
    const again = await simulate(failing.plan, repeatOf(failing));
    return again.violations.some(({ invariant }) => wanted.has(invariant));
  };
  const first: Failing = { plan, seed, strikes, processes: run.processes, healAfterMs: run.healAfterMs };
  const shortest = await shrink(first, {
    fails: breaks,
    most: MOST_TRIES,
    tried: (now, spent) => progress.shrinking(seed, now.strikes.length, spent),
  });
  const path = await writeFound(shortest, violations, resolve(context.cwd, options.found));
  return { ...as, strikes: shortest.strikes.length, scenario: relative(context.cwd, path) };
}

function reproduction({ scenario, faults, processes }: SimOptions, plan: Plan, seed: number): string {
  if (plan.scenario.simulation) return `headcount sim ${scenario}`;
  const kinds = faults.length === simulatedFaults.length ? 'all' : faults.length === 0 ? 'none' : faults.join(',');
  const several = processes === undefined ? '' : ` --processes ${processes}`;
  return `headcount sim ${scenario} --seed ${seed} --faults ${kinds}${several}`;
}
