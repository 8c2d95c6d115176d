// When a run is over, and what it still waits for. Folds the stream; the runner asks.

import { keyMatches } from '../brain/models/scripted.ts';
import { isTaskMessage, type Message } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import type { Condition } from './events.ts';
import type { Scenario } from './schema.ts';

/** Tells, message by message, whether a condition has been met; once met, it stays met. */
export function watchFor(condition: Condition): (message: Message) => boolean {
  let met = false;
  let deployed = 0;
  const keys = new Map<string, string>();
  return (message) => {
    if (isTaskMessage(message)) keys.set(message.data.task.id, message.data.task.key);
    if (message.type === 'brain.deployment' && message.data.status === 'live') deployed += 1;
    met ||= isMetBy(condition, message, { deployed, keyOf: (id) => keys.get(id) ?? id });
    return met;
  };
}

type Known = { readonly deployed: number; readonly keyOf: (task: string) => string };

function isMetBy(condition: Condition, message: Message, known: Known): boolean {
  const { task, is, asked, alert, milestone, deployed, report } = condition;
  if (task !== undefined) {
    return isTaskMessage(message) && keyMatches(task, message.data.task.key) && message.data.task.status === is;
  }
  if (deployed !== undefined) return known.deployed >= deployed;
  switch (message.type) {
    case 'approval.asked':
      return asked !== undefined && (asked === '*' || keyMatches(asked, known.keyOf(message.data.task ?? '')));
    case 'alert.raised':
      return alert !== undefined && (alert === '*' || alert === message.data.check);
    case 'brain.milestone':
      return milestone === message.data.name;
    case 'report.filed':
      return report === message.data.kind;
    default:
      return false;
  }
}

const ended: readonly Task['status'][] = ['done', 'abandoned'];

export type Ending = {
  /** To be told every message, in order. */
  told(message: Message): void;
  /** To be told that an event of `when` has happened, by its place in the list. */
  happened(index: number): void;
  /** True when nothing is open. */
  reached(): boolean;
  /** What is still open, one line each: what to print when the deadline comes first. */
  open(): string[];
};

/** A run is over when there were tasks and all have ended, every event has happened, and `until` is so. */
export function createEnding(scenario: Pick<Scenario, 'until' | 'when'>): Ending {
  const tasks = new Map<string, Task>();
  const conditions = scenario.until.map((condition) => ({ condition, watch: watchFor(condition), met: false }));
  const coming = new Set(scenario.when.keys());
  const openTasks = () => [...tasks.values()].filter(({ status }) => !ended.includes(status));
  return {
    told(message) {
      if (isTaskMessage(message)) tasks.set(message.data.task.id, message.data.task);
      for (const one of conditions) one.met = one.watch(message);
    },
    happened: (index) => void coming.delete(index),
    reached: () =>
      tasks.size > 0 && coming.size === 0 && conditions.every(({ met }) => met) && openTasks().length === 0,
    open: () => [
      ...(tasks.size === 0 ? ['no task was ever created'] : []),
      ...openTasks().map(({ id, key, status, agent, reason }) =>
        [`${id} ${key} is ${status}`, agent && `with ${agent}`, reason && `(${reason})`].filter(Boolean).join(' '),
      ),
      ...[...coming].map((index) => `event ${index + 1} of \`when\` has not happened`),
      ...conditions.filter(({ met }) => !met).map(({ condition }) => `not yet: ${describeCondition(condition)}`),
    ],
  };
}

/** A condition in words: `task store is done`, `report finance`. */
export function describeCondition(condition: Condition): string {
  return Object.entries(condition)
    .map(([word, value]) => `${word} ${value}`)
    .join(' ');
}
