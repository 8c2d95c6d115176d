// What a run would cost and how long it would take: simulated runs of the same scenario, and where the middle and the bad
// end of them are.

import type { SimulatedFault } from '../simulator/faults.ts';
import { hunt } from '../simulator/hunt.ts';
import { readPlan } from '../simulator/plan.ts';
import type { RunResult } from '../simulator/simulate.ts';
import { print } from './commands/shared.ts';
import type { CliContext } from './context.ts';
import { findFile } from './package-root.ts';
import { forecastOf, renderForecast } from './views/forecast.ts';

export type ForecastOptions = {
  /** Path of the scenario file, as typed. */
  readonly scenario: string;
  readonly seeds: { readonly from: number; readonly to: number };
  readonly faults: readonly SimulatedFault[];
  readonly jobs: number;
};

/** Throws what reading the scenario throws. */
export async function runForecast(
  { scenario, seeds, faults, jobs }: ForecastOptions,
  context: CliContext,
): Promise<void> {
  const files = { scenario: findFile(scenario, context.cwd), org: findFile('org/org.yaml', context.cwd) };
  const plan = await readPlan(files);
  const runs: RunResult[] = [];
  const ran = (run: RunResult) => void runs.push(run);
  await hunt({ files, kinds: faults, seeds, processes: 1, jobs, signal: context.drain, ran });
  const forecast = forecastOf(plan.scenario.name, runs);
  print(context, forecast, (paint) => renderForecast(forecast, paint));
}
