// A thread that runs seeds, one after the other, as it is told.

import { parentPort, workerData } from 'node:worker_threads';
import type { SimulatedFault } from './faults.ts';
import { type PlanFiles, readPlan } from './plan.ts';
import { type RunResult, simulate } from './simulate.ts';

export type WorkerInput = {
  readonly files: PlanFiles;
  readonly kinds: readonly SimulatedFault[];
  readonly processes: number | undefined;
};

async function work(input: WorkerInput): Promise<void> {
  const { files, kinds, processes } = input;
  const plan = await readPlan(files);
  const port = parentPort;
  port?.on('message', (seed: number) => {
    void simulate(plan, { seed, kinds, processes }).then((run) => {
      const { stream: _, products: __, ...result } = run;
      port.postMessage(result satisfies RunResult);
    });
  });
  port?.postMessage('ready');
}

await work(workerData as WorkerInput);
