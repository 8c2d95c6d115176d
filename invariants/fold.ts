// What the stream says things are now, as one text: two folds of one stream give the same one.

import type { DataOf } from '../bus/messages.ts';
import type { Approval, Pull, Task } from '../bus/records.ts';

/** The part of a live state that follows from the stream alone; the board of a company has this shape. */
export type Foldable = {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly pulls: ReadonlyMap<number, Pull>;
  readonly approvals: ReadonlyMap<string, Approval>;
  readonly directives: ReadonlyMap<string, DataOf<'directive.issued'>>;
  readonly alerts: ReadonlyMap<string, DataOf<'alert.raised'>>;
  readonly agents: ReadonlyMap<string, DataOf<'agent.changed'>>;
  readonly seq: number;
};

/** Canonical JSON: keys sorted, whatever order things came in. */
export function foldOf({ tasks, pulls, approvals, directives, alerts, agents, seq }: Foldable): string {
  const things = { tasks, pulls, approvals, directives, alerts, agents };
  const plain = Object.entries(things).map(([name, map]) => [name, Object.fromEntries<unknown>(map)]);
  return JSON.stringify(sorted({ seq, ...Object.fromEntries(plain) }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}
