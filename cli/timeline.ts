// Messages as the lines of a timeline: when, who, what changed, the rest. Wakes that found nothing to do are left out.

import type { Stored } from '../bus/bus.ts';
import { isTaskMessage } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { pad } from '../org/width.ts';
import { type Before, describe } from './describe.ts';
import { whenOf } from './format.ts';
import { clean, cut, cutName, type Paint } from './output.ts';
import { timeOf } from './views/history.ts';

export type TimelineOptions = {
  /** True for simulated time: said from the start of the run. */
  readonly relative: boolean;
  /** Epoch ms at which the run began; the first message's time unless told. */
  readonly start?: number;
  readonly paint: Paint;
  /** Columns to stay within. */
  readonly width: number;
  /** True for a log: every message has its line. */
  readonly everything?: boolean;
};

const WHO = 16;
const WHAT = 17;
/** A log also tells the inner states of agents: `retrying.backingOff`. */
const WHAT_IN_LOG = 20;

/** Remembers what a line needs of the messages before it. */
function createMemory() {
  const tasks = new Map<string, Task>();
  const agents = new Map<string, string>();
  return ({ message }: Stored): Before => {
    const known = {
      task: isTaskMessage(message) ? tasks.get(message.data.task.id) : undefined,
      agent: message.type === 'agent.changed' ? agents.get(message.data.agent) : undefined,
    };
    if (isTaskMessage(message)) tasks.set(message.data.task.id, message.data.task);
    if (message.type === 'agent.changed') agents.set(message.data.agent, message.data.state);
    return known;
  };
}

/**
 * A function from messages, in their order, to lines; undefined for a message that is no news.
 * Lines are at most `width` columns and hold no control characters but the colours.
 */
export function createTimeline(options: TimelineOptions): (stored: Stored) => string | undefined {
  const remember = createMemory();
  const { paint, width } = options;
  const whatWidth = options.everything ? WHAT_IN_LOG : WHAT;
  let { start } = options;
  return (stored) => {
    const at = timeOf(stored.message);
    start ??= at;
    const when = whenOf(start, options.relative);
    const line = describe(stored.message, remember(stored), when);
    if (!line.news && !options.everything) return undefined;
    const stamp = when(at);
    const who = pad(cutName(clean(line.who), WHO), WHO);
    const what = pad(cut(clean(line.what), whatWidth), whatWidth);
    const left = Math.max(16, width - stamp.length - WHO - whatWidth - 6);
    const text = cut(clean(line.text), left);
    return `${paint(stamp, 'dim')}  ${who}  ${paint(what, line.tone)}  ${text}`.trimEnd();
  };
}
