// Many seeds, over the cores of this machine.

import { Worker } from 'node:worker_threads';
import { reasonOf } from '../bus/errors.ts';
import type { SimulatedFault } from './faults.ts';
import { type PlanFiles, readPlan } from './plan.ts';
import { type RunResult, simulate } from './simulate.ts';
import type { WorkerInput } from './worker.ts';

export type Hunt = {
  readonly files: PlanFiles;
  readonly kinds: readonly SimulatedFault[];
  readonly seeds: { readonly from: number; readonly to: number };
  readonly processes: number | undefined;
  /** Threads. */
  readonly jobs: number;
  /** Aborted: no further seed is begun. */
  readonly signal: AbortSignal;
  /** Told of each run as it ends, in any order. */
  readonly ran: (result: RunResult) => void;
};

/** A run that takes longer on the wall does not end, ms. */
const LONGEST_RUN_MS = 600_000;

/** Compiled code can be given to a thread; TypeScript, as tests run it, cannot. */
const COMPILED = !import.meta.url.endsWith('.ts');

function lost(seed: number, detail: string): RunResult {
  const violations = [{ invariant: 'S1', seq: 0, subject: 'the simulation', detail }];
  const nothing = {
    messages: 0,
    virtualMs: 0,
    cost: 0,
    workMs: 0,
    stops: 0,
    strikes: [],
    processes: 0,
    healAfterMs: 0,
  };
  return { seed, violations, ...nothing, taken: [] };
}

/** Runs every seed. Throws what reading the plan throws. */
export async function hunt(options: Hunt): Promise<void> {
  const { seeds, jobs, signal } = options;
  let next = seeds.from;
  const take = (): number | undefined => {
    if (next > seeds.to || signal.aborted) return undefined;
    next += 1;
    return next - 1;
  };
  if (!COMPILED || jobs === 1) return inThisThread(options, take);
  const threads = Math.min(jobs, seeds.to - seeds.from + 1);
  await Promise.all(Array.from({ length: threads }, () => inThreads(options, take)));
}

async function inThisThread({ files, kinds, processes, ran }: Hunt, take: () => number | undefined): Promise<void> {
  const plan = await readPlan(files);
  for (let seed = take(); seed !== undefined; seed = take()) {
    const { stream: _, products: __, ...result } = await simulate(plan, { seed, kinds, processes });
    ran(result);
  }
}

/** One thread after another, each until it is lost. */
async function inThreads(options: Hunt, take: () => number | undefined): Promise<void> {
  const { files, kinds, processes, ran } = options;
  const workerData: WorkerInput = { files, kinds, processes };
  for (let seed = take(); seed !== undefined; ) {
    const worker = new Worker(new URL('./simulator-worker.js', import.meta.url), { workerData });
    try {
      await once<'ready'>(worker, undefined);
      for (; seed !== undefined; seed = take()) {
        worker.postMessage(seed);
        ran(await once<RunResult>(worker, LONGEST_RUN_MS));
      }
    } catch (error) {
      if (seed !== undefined) ran(lost(seed, reasonOf(error)));
      seed = take();
    } finally {
      await worker.terminate();
    }
  }
}

/** The next message of a thread. Throws when it fails, ends or takes too long. */
function once<T>(worker: Worker, withinMs: number | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const settled = new AbortController();
    const listen = (event: 'message' | 'error' | 'exit', act: (said: unknown) => void) => {
      const heard = (said: unknown) => {
        settled.abort();
        act(said);
      };
      worker.once(event, heard);
      settled.signal.addEventListener('abort', () => worker.off(event, heard), { once: true });
    };
    listen('message', (message) => resolve(message as T));
    listen('error', reject);
    listen('exit', () => reject(new Error('its thread ended without a word')));
    if (withinMs === undefined) return;
    const timer = setTimeout(() => {
      settled.abort();
      reject(new Error(`it does not end within ${withinMs / 1000} s`));
    }, withinMs);
    settled.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
