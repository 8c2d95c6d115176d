// A server of our own that answers nothing: it hangs, or its store is stuck. nats-server 2.15 confirms nothing more once a write
// has failed for want of room, also when there is room again, until it is started anew.

import type { Clock } from '../bus/clock.ts';
import type { StreamHealth } from '../bus/jetstream/guard.ts';

/** One that stays silent is started again this often, in ms: where the disk is still full, the first time does not help. */
const AGAIN_MS = 30_000;

/** Starts it again when the stream has become silent, and as long as it stays so. */
export function startsAgain(
  clock: Pick<Clock, 'after'>,
  restart: () => Promise<void>,
): { hear(health: StreamHealth): void; close(): void } {
  let cancel = () => {};
  const begin = () => {
    void restart();
    cancel = clock.after(AGAIN_MS, begin);
  };
  return {
    hear({ state }) {
      cancel();
      if (state === 'silent') begin();
    },
    close: () => cancel(),
  };
}
