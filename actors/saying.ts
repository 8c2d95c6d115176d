// What an agent says while it works, on `agent.<id>.said`: for people who watch, and for nothing else. It is published without
// waiting, may be lost, and nothing is ever decided by it: what counts is the answer once it is whole.

import type { Clock } from '../bus/clock.ts';
import { subjects } from '../bus/subjects.ts';
import type { Secrets } from '../tools/policy/secrets.ts';
import type { Ports } from './ports.ts';

/** So much of it is in one message, in characters. */
const LONGEST = 500;

/** How long parts are gathered before they are said, in ms of the wall: half of what a watcher may wait. */
const GATHER_MS = 50;

/** So much of one answer is said, in characters: who watches has seen enough of it, and the stream is kept small. */
const MOST = 200_000;

export type Speaker = {
  readonly agent: string;
  /** Id of the task; undefined for other work. */
  readonly task: string | undefined;
  /** The call whose answer this is a part of; undefined for what stands by itself. */
  readonly call?: string | undefined;
  /** What the ids of its messages begin with. Whoever says the same again, after a crash, needs another one. */
  readonly id: string;
};

/** Says one text after the other, at once; a long one in several messages. Secrets are the caller's to take out. */
export function speaking(bus: Ports['bus'], { agent, task, call, id }: Speaker): (text: string) => void {
  let told = 0;
  return (text) => {
    for (const part of cut(text)) {
      told += 1;
      const data = { agent, task, call, text: part };
      bus.tell(subjects.agentSaid(agent), { id: `said.${id}.${told}`, type: 'agent.said', source: agent, data });
    }
  };
}

/** Pieces of at most `LONGEST` characters; none begins with half a character. */
function* cut(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const to = from + LONGEST;
    const isHalf = to < text.length && /[\uD800-\uDBFF]/.test(text.charAt(to - 1));
    yield text.slice(from, isHalf ? to - 1 : to);
    from = isHalf ? to - 1 : to;
  }
}

/** Takes a text that comes in parts and says it in few messages, without secrets. */
export class Listener {
  readonly #clock: Pick<Clock, 'now' | 'alarm' | 'factor'>;
  readonly #parts: ReturnType<Secrets['parts']>;
  readonly #say: (text: string) => void;
  #gathered = '';
  #left = MOST;
  #silence: (() => void) | undefined;

  constructor({ clock, secrets }: Pick<Ports, 'clock' | 'secrets'>, say: (text: string) => void) {
    this.#clock = clock;
    this.#parts = secrets.parts();
    this.#say = say;
  }

  /** Takes a part; it is said within `GATHER_MS`, except for an end that may be the beginning of a secret. */
  hear(part: string): void {
    if (this.#left === 0) return;
    this.#left = Math.max(0, this.#left - part.length);
    this.#gathered += this.#left === 0 ? '\n[the rest is not shown]' : part;
    const { factor } = this.#clock;
    this.#silence ??= this.#clock.alarm(this.#clock.now() + GATHER_MS * factor, () => this.#flush());
  }

  /** Says the rest. */
  end(): void {
    this.#silence?.();
    this.#flush();
    this.#say(this.#parts.end());
  }

  #flush(): void {
    this.#silence = undefined;
    this.#say(this.#parts.take(this.#gathered));
    this.#gathered = '';
  }
}
