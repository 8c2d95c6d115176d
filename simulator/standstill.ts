// A run in which nothing can ever happen again: somebody holds time and waits for what does not come. Nothing else would end
// it, and whoever looks into it wants to know who waits for what.

import type { BoardState } from '../actors/board.ts';
import type { Clock } from '../bus/clock.ts';
import type { MemoryStream } from '../bus/memory/stream.ts';

/** How often a run is looked at, ms of the wall. */
const LOOK_MS = 250;
/** Everything is in this process, so what has moved nothing between two looks will not; the others are for good measure. */
const LOOKS = 4;

/**
 * Looks whether a run still moves, until the function it returns is called.
 * @param wall a clock that goes on by itself
 * @param moves grows whenever something happens
 * @param stands told once, when nothing has happened for a while
 */
export function watchForStandstill(wall: Pick<Clock, 'after'>, moves: () => number, stands: () => void): () => void {
  let last = moves();
  let still = 0;
  const look = () => {
    const now = moves();
    still = now === last ? still + 1 : 0;
    last = now;
    if (still < LOOKS) callOff = wall.after(LOOK_MS, look);
    else stands();
  };
  let callOff = wall.after(LOOK_MS, look);
  return () => callOff();
}

/** What is in somebody's hands or before a person, one line each: deliveries, agents at work, open questions. */
export function underWay({ durables }: MemoryStream, { agents, approvals }: BoardState): readonly string[] {
  const deliveries = [...durables.values()].flatMap(({ name, unsettled }) =>
    [...unsettled.values()].map(
      ({ stored, attempt }) => `${name} has not settled ${stored.message.id} (try ${attempt})`,
    ),
  );
  const working = [...agents.values()]
    .filter(({ state }) => state !== 'idle' && state !== 'gone')
    .map(({ agent, state, since, task }) =>
      [`${agent} is ${state} since ${new Date(since).toISOString()}`, task && `with ${task}`].filter(Boolean).join(' '),
    );
  const questions = [...approvals.values()]
    .filter(({ status, answer }) => status !== 'answered' && answer === undefined)
    .map(({ id, question }) => `nobody has answered ${id}: ${question}`);
  return [...deliveries, ...working, ...questions];
}
