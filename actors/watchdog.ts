// Looks for work that nobody can do, now and then, without a model. What is found is a blocker in the company brain until
// it is gone; a company without such work publishes nothing.

import { reasonOf } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { deadlocks } from './deadlock.ts';
import type { Ports } from './ports.ts';

/** How often, ms of the company's clock. */
const LOOK_MS = 5 * 60_000;

/** In front of the reason of every blocker raised here. */
const DEADLOCK = 'deadlock: ';

/** Looks until the signal is aborted; rejects with its reason. */
export async function watchForDeadlocks(
  ports: Pick<Ports, 'bus' | 'clock' | 'board' | 'company' | 'org' | 'log'>,
  signal: AbortSignal,
): Promise<never> {
  const { clock, log } = ports;
  for (;;) {
    await clock.sleepUntil(clock.now() + LOOK_MS, signal);
    await look(ports).catch((error: unknown) => log('warn', `no look for deadlocks: ${reasonOf(error)}`));
  }
}

async function look({ bus, clock, board, company, org }: Parameters<typeof watchForDeadlocks>[0]): Promise<void> {
  const { blockers } = company.get();
  const found = new Map(deadlocks(board.state, org(), clock.now()).map((one) => [one.task, one]));
  const slot = Math.floor(clock.now() / LOOK_MS);
  const say = (task: string, status: 'raised' | 'cleared', reason: string) =>
    bus.publish(subjects.brain('blocker'), {
      id: `brain.blocker.${task}.deadlock.${slot}.${status}`,
      type: 'brain.blocker',
      source: 'supervisor',
      data: { task, reason, status },
    });
  for (const { task, reason, next } of found.values()) {
    if (blockers[task] === undefined) await say(task, 'raised', `${DEADLOCK}${reason}; ${next}`);
  }
  for (const [task, reason] of Object.entries(blockers)) {
    if (reason.startsWith(DEADLOCK) && !found.has(task)) await say(task, 'cleared', 'it can go on');
  }
}
