// A forecast: quantiles over simulated runs.

import type { RunResult } from '../../simulator/simulate.ts';
import { duration, money, plural } from '../format.ts';
import type { Paint } from '../output.ts';

/** Half of the runs stay at or below `p50`, nineteen of twenty at or below `p95`. */
type Quantiles = { readonly least: number; readonly p50: number; readonly p95: number; readonly most: number };

export type Forecast = {
  readonly scenario: string;
  readonly runs: number;
  /** US dollars; undefined when there was no run. */
  readonly cost: Quantiles | undefined;
  /** From the start until the last task has ended, ms of the company's time. */
  readonly ms: Quantiles | undefined;
  /** Runs in which a wallet was empty before the work was done. */
  readonly outOfMoney: number;
  /** Runs that broke an invariant, and so say little: `headcount sim` shows them. */
  readonly broken: number;
};

/** The nearest-rank quantiles of what was measured. */
function quantilesOf(values: readonly number[]): Quantiles | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? undefined : { least: at(0), p50: at(0.5), p95: at(0.95), most: at(1) };
}

/** Pure. */
export function forecastOf(scenario: string, runs: readonly RunResult[]): Forecast {
  const sound = runs.filter(({ violations }) => violations.length === 0);
  return {
    scenario,
    runs: runs.length,
    cost: quantilesOf(sound.map(({ cost }) => cost)),
    ms: quantilesOf(sound.map(({ workMs }) => workMs)),
    outOfMoney: sound.filter(({ stops }) => stops > 0).length,
    broken: runs.length - sound.length,
  };
}

export function renderForecast({ scenario, runs, cost, ms, outOfMoney, broken }: Forecast, paint: Paint): string[] {
  const line = (what: string, of: Quantiles | undefined, say: (value: number) => string) =>
    of === undefined
      ? []
      : [
          `${paint(what.padEnd(10), 'dim')} P50 ${say(of.p50)}   P95 ${say(of.p95)}   ${say(of.least)} to ${say(of.most)}`,
        ];
  return [
    `${paint(scenario, 'strong')}   ${plural(runs, 'simulated run')}`,
    ...line('cost', cost, money),
    ...line('duration', ms, duration),
    ...(outOfMoney === 0 ? [] : [`${plural(outOfMoney, 'run')} ran out of money on the way (budget in org.yaml)`]),
    ...(broken === 0
      ? []
      : [
          `${plural(broken, 'run')} broke a rule and ${broken === 1 ? 'is' : 'are'} left out: ${paint(`headcount sim ${scenario}`, 'command')}`,
        ]),
  ];
}
