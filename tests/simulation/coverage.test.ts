// Every state of every chart is reached by some scenario that ships with Headcount, or it is said here why none does. A state that
// no company ever is in would be a state that nobody has seen at work.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { packageRoot } from '../../cli/package-root.ts';
import { runScenario } from '../../cli/run-scenario.ts';
import { providerPolicy } from '../../machines/policy.ts';
import { buildProviderMachine } from '../../machines/provider.ts';
import { coverageOf, createCoverage, statesOf, waysThrough } from '../../simulator/coverage.ts';
import { type SimulatedFault, simulatedFaults } from '../../simulator/faults.ts';
import { readPlan } from '../../simulator/plan.ts';
import { simulate } from '../../simulator/simulate.ts';
import { quietRun } from '../fixtures/run-options.ts';
import { openTerminal } from '../fixtures/terminal.ts';

const MINUTES = 60_000;

/** Runs that come through everything between them, the cheapest that do. */
const runs: readonly (readonly [scenario: string, faults: readonly SimulatedFault[], seed: number])[] = [
  ['first-product', [], 1],
  ['escalation', [], 1],
  ['reward', [], 1],
  ['runaway', [], 1],
  ['lean-day', [], 1],
  ['first-product', simulatedFaults, 1],
  ['finance-week', ['disk-full', 'crash', 'overload'], 1],
];

/** States that no scenario reaches, each with the reason, and where it is shown instead. */
const unreached = {
  // No duty asks a model while it verifies. The chart has the place for one that does: machines/agent.walk.test.ts
  agent: ['unfunded.verifying'],
  // A wrong key, or probes that fail again and again: machines/provider.walk.test.ts
  provider: ['broken'],
};

test('every state is reached by some scenario, or has a reason why not', { timeout: 5 * MINUTES }, async () => {
  const ways = new Set<string>();
  const taken = new Set<string>();
  for (const [name, kinds, seed] of runs) {
    const scenario = join(packageRoot, 'scenarios', `${name}.yaml`);
    const plan = await readPlan({ scenario, org: join(packageRoot, 'org/org.yaml') });
    for (const way of waysThrough(plan.org, plan.scenario.given.wire !== undefined)) ways.add(way);
    const run = await simulate(plan, { seed, kinds });
    expect([name, run.violations]).toEqual([name, []]);
    for (const way of run.taken) taken.add(way);
  }
  for (const state of statesOf(buildProviderMachine(providerPolicy) as AnyStateMachine)) ways.add(state);
  for (const way of await routed('quota-storm')) taken.add(way);
  const never = coverageOf([...ways].sort(), taken).map(({ chart, states }) => [chart, states.never]);
  expect(Object.fromEntries(never)).toEqual({ company: [], reward: [], schedule: [], standing: [], ...unreached });
});

/** What a company came through whose models are routed: the simulator has no router. */
async function routed(scenario: string): Promise<ReadonlySet<string>> {
  const cwd = await mkdtemp(join(tmpdir(), 'headcount-coverage-'));
  try {
    const { context } = openTerminal(['--plain'], { cwd, env: process.env });
    await runScenario({ ...quietRun, scenario: join('scenarios', `${scenario}.yaml`), out: 'out.jsonl' }, context);
    const coverage = createCoverage('trusted');
    for (const line of (await readFile(join(cwd, 'out.jsonl'), 'utf8')).trim().split('\n')) {
      const { message } = JSON.parse(line);
      if (message) coverage.told(message);
    }
    return coverage.taken;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}
