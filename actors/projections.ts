// The projections every process keeps: one ordered consumer over the whole stream feeds them all.

import type { CompanyState } from '../brain/memory/company.ts';
import { createCompanyBrain } from '../brain/memory/company.ts';
import { createEpisodes } from '../brain/memory/episodic.ts';
import type { Bus, Foreign, Stored } from '../bus/bus.ts';
import { createBoard } from './board.ts';

export type Projections = {
  readonly board: ReturnType<typeof createBoard>;
  readonly company: { get(): CompanyState };
  readonly episodes: ReturnType<typeof createEpisodes>;
  /** Stops following. */
  close(): Promise<void>;
};

/**
 * Folds what the stream holds, then goes on following it. Resolves with all of the past folded in: what is decided from
 * these (an id, what is live, whether a mission was told) must not be decided from half a history.
 * @param also called with every message after it has been folded in
 * @param alsoForeign called with every message that this version cannot read, in its place
 */
export async function follow(
  bus: Bus,
  also: (stored: Stored, bytes?: Uint8Array) => void = () => {},
  alsoForeign: (foreign: Foreign) => void = () => {},
): Promise<Projections> {
  const board = createBoard();
  const brain = createCompanyBrain();
  const episodes = createEpisodes();
  const fold = (stored: Stored, bytes?: Uint8Array) => {
    const { message, seq } = stored;
    board.told(message, seq);
    if (message.type.startsWith('brain.')) brain.trigger.told({ message, seq });
    episodes.told(message);
    also(stored, bytes);
  };
  const foreign = (one: Foreign) => {
    board.foreign(one);
    alsoForeign(one);
  };
  let folded = 0;
  let raw: Uint8Array | undefined;
  const bytes = (one: Uint8Array) => {
    raw = one;
  };
  for await (const stored of bus.replay({ filter: '>', foreign, bytes })) {
    fold(stored, raw);
    folded = stored.seq;
  }
  const tap = await bus.tap({ filter: '>', fromSeq: folded + 1, foreign }, fold);
  return { board, company: { get: () => brain.getSnapshot().context }, episodes, close: () => tap.close() };
}
