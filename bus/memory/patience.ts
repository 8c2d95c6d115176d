// Waiting inside whatever turn is running. A bus does not know in which turn it is called, and a turn that waits for it holds
// the time of everybody (clock.ts); given this clock, those who work in turns let the bus pause the one it is called in.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock, Turn } from '../clock.ts';

/** One for everybody: each further one costs at every promise of the process, and none is ever let go. */
const turns = new AsyncLocalStorage<Turn | undefined>();

type Out = { waiting: number; back: Promise<void>; end: () => void };

/**
 * The same clock, to be given to everybody, and a way to wait that pauses the running turn (MemoryOptions.wait).
 * Costs a context switch for each turn.
 */
export function patient(clock: Clock): { readonly clock: Clock; readonly wait: (at: number) => Promise<void> } {
  const outside = new WeakMap<Turn, Out>();
  const ended = new WeakSet<Turn>();
  /** A turn that is paused is none to wait in. */
  const known = (turn: Turn): Turn => ({
    now: () => turn.now(),
    sleepUntil: (...given) => turn.sleepUntil(...given),
    pause: (wait) => turn.pause(() => turns.run(undefined, wait)),
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
      pause: (wait) => clock.pause(wait),
      turn: (work) =>
        clock.turn(async (turn) => {
          try {
            return await turns.run(turn, () => work(known(turn)));
          } finally {
            // What was begun in this turn and outlives it waits on its own; what it waits for now ends first.
            ended.add(turn);
            await outside.get(turn)?.back;
          }
        }),
      watch: (source) => clock.watch(source),
      poke: () => clock.poke(),
    },
    async wait(at) {
      const turn = turns.getStore();
      if (!turn || ended.has(turn)) return clock.sleepUntil(at);
      // Several waits of one turn are one pause, over when the last of them is.
      const out = outside.get(turn) ?? pauseOf(turn, () => outside.delete(turn));
      outside.set(turn, out);
      out.waiting += 1;
      await clock.sleepUntil(at);
      out.waiting -= 1;
      if (out.waiting === 0) out.end();
      await out.back;
    },
  };
}

function pauseOf(turn: Turn, over: () => void): Out {
  const out: Out = { waiting: 0, back: Promise.resolve(), end: () => {} };
  const ended = new Promise<void>((resolve) => {
    out.end = () => {
      over();
      resolve();
    };
  });
  out.back = turn.pause(() => ended);
  return out;
}
