// Pull requests as messages: one subject each, the last message is its state. Numbers are taken by being first to write.

import { isDeepStrictEqual } from 'node:util';
import type { Bus, Stored } from '../../bus/bus.ts';
import { StaleWrite } from '../../bus/errors.ts';
import { isOfType } from '../../bus/messages.ts';
import type { Pull } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { NoPull } from './refusals.ts';

type PullEvent = 'pull.opened' | 'pull.checked' | 'pull.reviewed' | 'pull.merged' | 'pull.closed';

/** A change of a pull request; `what` becomes part of the message's id. */
type Change = { readonly type: Exclude<PullEvent, 'pull.opened'>; readonly what: string; readonly pull: Pull };

/** How often a stale writer reads again before it gives up. */
const TRIES = 5;

export interface Pulls {
  get(number: number): Promise<Pull | undefined>;
  /** Every pull request, oldest first. */
  all(): Promise<readonly Pull[]>;
  /** Records a new one under the next free number. `find` looks for it among those that exist. */
  create(find: (pulls: readonly Pull[]) => Pull | undefined, make: (number: number) => Pull): Promise<Pull>;
  /** Reads, decides and records; `decide` gives undefined when there is nothing to do. Throws NoPull, StaleWrite. */
  change(number: number, decide: (pull: Pull) => Change | undefined): Promise<Pull>;
}

function pullOf(stored: Stored | undefined): Pull | undefined {
  if (!stored) return undefined;
  const { message } = stored;
  const types = ['pull.opened', 'pull.checked', 'pull.reviewed', 'pull.merged', 'pull.closed'] as const;
  return isOfType(message, ...types) ? message.data : undefined;
}

export function openPulls(bus: Bus): Pulls {
  /** Numbers known to be taken: 1 to this. */
  let known = 0;

  const last = (number: number) => bus.last(subjects.pull(number));

  async function all(): Promise<Pull[]> {
    while (await last(known + 1)) known += 1;
    const pulls: Pull[] = [];
    for (let number = 1; number <= known; number += 1) {
      const pull = pullOf(await last(number));
      if (pull) pulls.push(pull);
    }
    return pulls;
  }

  async function say(type: PullEvent, what: string, pull: Pull, expectedLastSeq: number): Promise<boolean> {
    const draft = { id: `pull.${pull.number}.${what}`, type, source: 'harness', data: pull };
    try {
      const { duplicate } = await bus.publish(subjects.pull(pull.number), draft, { expectedLastSeq });
      // Another process may have said it first, of another pull request: the id knows only the number.
      return !duplicate || isDeepStrictEqual(pullOf(await last(pull.number)), JSON.parse(JSON.stringify(pull)));
    } catch (error) {
      if (error instanceof StaleWrite) return false;
      throw error;
    }
  }

  return {
    all,
    get: async (number) => pullOf(await last(number)),
    async create(find, make) {
      for (;;) {
        const found = find(await all());
        if (found) return found;
        const pull = make(known + 1);
        if (await say('pull.opened', 'opened', pull, 0)) return pull;
      }
    },
    async change(number, decide) {
      for (let attempt = 1; ; attempt += 1) {
        const stored = await last(number);
        const pull = pullOf(stored);
        if (!stored || !pull) throw new NoPull(number);
        const change = decide(pull);
        if (!change) return pull;
        if (await say(change.type, change.what, change.pull, stored.seq)) return change.pull;
        if (attempt === TRIES) throw new StaleWrite(subjects.pull(number), stored.seq);
      }
    },
  };
}
