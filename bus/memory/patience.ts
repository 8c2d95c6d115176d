// Waiting inside whatever turn is running. A bus does not know in which turn it is called, and a turn that waits for it holds
// the time of everybody (clock.ts); given this clock, those who work in turns let the bus pause the one it is called in.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock, Turn } from '../clock.ts';

/** One for everybody: each further one costs at every promise of the process, and none is ever let go. */
const turns = new AsyncLocalStorage<Turn | undefined>();

/**
 * The same clock, to be given to everybody, and a way to wait that pauses the running turn (MemoryOptions.wait). Whoever is
 * in a pause, of a turn or of the clock, is in no turn and waits on their own.
 * Costs a context switch for each turn.
 */
export function patient(clock: Clock): { readonly clock: Clock; readonly wait: (at: number) => Promise<void> } {
  const ended = new WeakSet<Turn>();
  const aside = <T>(wait: () => Promise<T>): Promise<T> => turns.run(undefined, wait);
  const known = (turn: Turn): Turn => ({
    now: () => turn.now(),
    sleepUntil: (...given) => turn.sleepUntil(...given),
    pause: (wait) => turn.pause(() => aside(wait)),
  });
  return {
    clock: {
      virtual: clock.virtual,
      factor: clock.factor,
      now: () => clock.now(),
      sleepUntil: (...given) => clock.sleepUntil(...given),
      alarm: (at, ring) => clock.alarm(at, ring),
      after: (ms, ring) => clock.after(ms, ring),
      wall: (instant) => clock.wall(instant),
      pause: (wait) => clock.pause(() => aside(wait)),
      turn: (work) =>
        clock.turn(async (turn) => {
          try {
            return await turns.run(turn, () => work(known(turn)));
          } finally {
            // What was begun in this turn and outlives it waits on its own.
            ended.add(turn);
          }
        }),
      watch: (source) => clock.watch(source),
      poke: () => clock.poke(),
    },
    wait(at) {
      const turn = turns.getStore();
      return turn && !ended.has(turn) ? turn.sleepUntil(at) : clock.sleepUntil(at);
    },
  };
}
