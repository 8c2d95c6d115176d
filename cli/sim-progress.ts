// Says how far a row of simulated runs is: on a terminal one line that is written over, elsewhere a line now and then, so that
// the log of a CI job shows that it lives.

import type { RunResult } from '../simulator/simulate.ts';
import type { CliContext } from './context.ts';
import { count } from './format.ts';

/** How long a log goes without a line, in ms, as long as runs end. */
const EVERY_MS = 10_000;

export type Progress = {
  ran(result: Pick<RunResult, 'violations'>): void;
  /** @param strikes faults that are left of a failing seed; @param spent tries so far */
  shrinking(seed: number, strikes: number, spent: number): void;
  done(): void;
};

/** @param all how many runs there will be */
export function createProgress(
  all: number,
  { isTTY, json, err, now }: Pick<CliContext, 'isTTY' | 'json' | 'err' | 'now'>,
): Progress {
  const startedAt = now();
  let runs = 0;
  let bad = 0;
  let saidAt = startedAt;
  const say = (text: string) => {
    if (json) return;
    if (isTTY) return err(`\r\u001b[K${text}`);
    if (now() - saidAt < EVERY_MS) return;
    saidAt = now();
    err(`${text}, ${count(Math.round((saidAt - startedAt) / 1000))} s\n`);
  };
  return {
    ran({ violations }) {
      runs += 1;
      if (violations.length > 0) bad += 1;
      say(`${count(runs)} of ${count(all)} runs, ${bad} with violations`);
    },
    shrinking: (seed, strikes, spent) => say(`seed ${seed}: ${strikes} faults left after ${spent} tries`),
    done: () => {
      if (isTTY) say('');
    },
  };
}
