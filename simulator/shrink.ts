// Makes a failing run as short as it gets: fewer strikes, fewer processes, fewer tasks, an earlier healing, as long as the
// same invariant breaks.

import type { Strike } from '../scenarios/events.ts';
import type { Scenario } from '../scenarios/schema.ts';
import type { Plan } from './plan.ts';
import type { RunSpec, Weathered } from './simulate.ts';
import { withoutTask } from './tasks.ts';

/** A run that breaks an invariant, and what it needs for it. */
export type Failing = Weathered & { readonly plan: Plan; readonly seed: number };

export type ShrinkOptions = {
  /** True when this still fails in the same way. */
  readonly fails: (failing: Failing) => Promise<boolean>;
  /** Runs that may be spent. */
  readonly most: number;
  /** Told after each run that was tried. */
  readonly tried?: (now: Failing, spent: number) => void;
};

/** The run that a failing one repeats. */
export function repeatOf({ seed, strikes, processes, healAfterMs }: Failing): RunSpec {
  return { seed, kinds: [], repeat: { strikes, processes, healAfterMs } };
}

const MINUTE_MS = 60_000;

export async function shrink(failing: Failing, { fails, most, tried }: ShrinkOptions): Promise<Failing> {
  let best = failing;
  let spent = 0;
  const attempt = async (next: Failing): Promise<boolean> => {
    if (spent >= most) return false;
    spent += 1;
    const worse = await fails(next);
    if (worse) best = next;
    tried?.(best, spent);
    return worse;
  };

  async function fewerKinds(): Promise<void> {
    for (const kind of new Set(best.strikes.map(({ fault }) => fault))) {
      await attempt({ ...best, strikes: best.strikes.filter(({ fault }) => fault !== kind) });
    }
  }

  /** Leaves out ever smaller parts of the strikes (delta debugging). */
  async function fewerStrikes(): Promise<void> {
    for (let size = Math.ceil(best.strikes.length / 2); size >= 1 && spent < most; ) {
      let found = false;
      for (let from = 0; from < best.strikes.length; ) {
        const strikes = [...best.strikes.slice(0, from), ...best.strikes.slice(from + size)];
        if (await attempt({ ...best, strikes })) found = true;
        else from += size;
      }
      if (size === 1 && !found) return;
      size = size === 1 ? 1 : Math.ceil(size / 2);
    }
  }

  async function fewerProcesses(): Promise<void> {
    while (best.processes > 1 && (await attempt({ ...best, processes: best.processes - 1 })));
  }

  async function fewerTasks(): Promise<void> {
    for (const key of tasksOf(best.plan.scenario)) {
      const scenario = withoutTask(best.plan.scenario, key);
      if (scenario) await attempt({ ...best, plan: { ...best.plan, scenario } });
    }
  }

  async function shorterStrikes(): Promise<void> {
    for (const [index, strike] of best.strikes.entries()) {
      if (typeof strike.value !== 'number' || Math.abs(strike.value) <= 1_000) continue;
      const shorter: Strike = { ...strike, value: Math.sign(strike.value) * 1_000 };
      await attempt({ ...best, strikes: best.strikes.with(index, shorter) });
    }
  }

  await attempt({ ...best, strikes: [] });
  await fewerKinds();
  await fewerStrikes();
  await fewerProcesses();
  await fewerTasks();
  await fewerStrikes();
  await shorterStrikes();
  if (best.healAfterMs > MINUTE_MS)
    await attempt({ ...best, healAfterMs: Math.ceil(best.healAfterMs / 2 / MINUTE_MS) * MINUTE_MS });
  return best;
}

function tasksOf({ given, answers }: Scenario): readonly string[] {
  const planned = answers.flatMap(({ for: { purpose, task } }) =>
    purpose === 'write' && task !== undefined && task !== '*' ? [task] : [],
  );
  return [...new Set([...(given.backlog ?? []).map(({ key }) => key), ...planned])];
}
