// Tells the company, and whoever wants to end it, that its stream takes nothing.

import type { Company } from '../actors/company.ts';
import type { StreamHealth } from '../bus/jetstream/guard.ts';
import { type CliContext, note } from './context.ts';
import type { RunStream } from './run-stream.ts';

export type StreamWatch = {
  /** True while it takes nothing. */
  readonly takesNothing: boolean;
};

/** A company that drains meanwhile waits until its work is recorded: then it says so, and how to end the wait. */
export function watchStream(
  { onHealth }: Pick<RunStream, 'onHealth'>,
  company: Pick<Company, 'streamIs'>,
  context: Pick<CliContext, 'drain' | 'stop' | 'json' | 'err'>,
): StreamWatch {
  const { drain, stop } = context;
  let state: StreamHealth['state'] = 'sound';
  const say = () => {
    const wait = WAITS[state];
    if (wait === undefined || !drain.aborted || stop.aborted) return;
    note(context, `${wait}: then what is in hand is recorded, and it ends`);
    note(context, 'Ctrl+C again ends it now: what is not recorded yet is done again the next time');
  };
  onHealth((health) => {
    const before = state;
    state = health.state;
    if (state !== before) say();
    void company.streamIs(health);
  });
  drain.addEventListener('abort', say, { once: true });
  return {
    get takesNothing() {
      return state !== 'sound';
    },
  };
}

const WAITS: Partial<Record<StreamHealth['state'], string>> = {
  full: 'it waits for room on the disk of the nats-server',
  silent: 'it waits for the nats-server to confirm again',
  changed: 'it waits until the configuration of the stream is put right',
};
