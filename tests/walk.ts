// Walks a chart through every situation it can get into, for the tests of machines/.

import {
  type AnyActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type EmittedFrom,
  type EventFromLogic,
  type InputFrom,
  type SnapshotFrom,
  transition,
} from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';

export type Edge<M extends AnyStateMachine> = {
  readonly from: SnapshotFrom<M>;
  readonly event: EventFromLogic<M>;
  readonly to: SnapshotFrom<M>;
  /** What was asked for on the way. */
  readonly commands: EmittedFrom<M>[];
  /** False: the state does not know the event, and nothing happened. */
  readonly heard: boolean;
};

/** The commands among what xstate's pure `transition` says is to be done. */
export function commandsOf<C>(actions: readonly { type: string; params?: unknown }[]): C[] {
  return actions
    .filter((action) => action.type === 'xstate.emit')
    .map((action) => (action.params as { event: C }).event);
}

/** One step of a chart, with what it asked for. */
export function step<M extends AnyStateMachine>(machine: M, from: SnapshotFrom<M>, event: EventFromLogic<M>): Edge<M> {
  const [to, actions] = transition(machine, from, event);
  const heard = (from as AnyMachineSnapshot).can(event);
  return { from, event, to, commands: commandsOf<EmittedFrom<M>>(actions), heard };
}

/** A chart that counts without end is a failure, not a walk without end. */
export const LIMIT = 200_000;

/**
 * Every situation of a chart, and every event in each of them.
 * @param options.events what may be said in a situation
 * @param options.key situations with one key are one
 */
export function walk<M extends AnyStateMachine>(
  machine: M,
  options: {
    readonly input?: InputFrom<M>;
    readonly events: (snapshot: SnapshotFrom<M>) => readonly EventFromLogic<M>[];
    readonly key: (snapshot: SnapshotFrom<M>) => string;
  },
): { readonly situations: SnapshotFrom<M>[]; readonly edges: Edge<M>[] } {
  const { input, events, key } = options;
  const traversal: unknown = {
    input,
    events,
    limit: LIMIT,
    serializeState: (snapshot: SnapshotFrom<M>) => key(snapshot),
  };
  const map = getAdjacencyMap(machine as AnyActorLogic, traversal as Parameters<typeof getAdjacencyMap>[1]);
  const situations = Object.values(map).map(({ state }) => state as SnapshotFrom<M>);
  const edges = situations.flatMap((from) => events(from).map((event) => step(machine, from, event)));
  return { situations, edges };
}

/** The dotted name of the innermost state: `working.briefing`. */
export function placeOf(snapshot: { readonly value: unknown }): string {
  const { value } = snapshot;
  if (typeof value === 'string') return value;
  return Object.entries(value as Record<string, unknown>)
    .map(([outer, inner]) => `${outer}.${placeOf({ value: inner })}`)
    .join(' ');
}

/** Names of all innermost states that a machine has. */
export function placesOf(machine: AnyStateMachine): string[] {
  const inner = (node: AnyStateNode): AnyStateNode[] => {
    const children: AnyStateNode[] = Object.values(node.states);
    return children.length === 0 ? [node] : children.flatMap(inner);
  };
  return inner(machine.root).map((node) => node.path.join('.'));
}

/** The situations, by key, from which no way leads to one that `home` accepts. */
export function stranded<M extends AnyStateMachine>(
  edges: readonly Edge<M>[],
  key: (snapshot: SnapshotFrom<M>) => string,
  home: (snapshot: SnapshotFrom<M>) => boolean,
): string[] {
  const before = new Map<string, Set<string>>();
  const all = new Set<string>();
  const safe: string[] = [];
  for (const { from, to } of edges) {
    all.add(key(from));
    const sources = before.get(key(to)) ?? new Set<string>();
    before.set(key(to), sources.add(key(from)));
    if (home(from)) safe.push(key(from));
  }
  const seen = new Set(safe);
  for (let one = safe.pop(); one !== undefined; one = safe.pop()) {
    for (const source of before.get(one) ?? []) {
      if (seen.has(source)) continue;
      seen.add(source);
      safe.push(source);
    }
  }
  return [...all].filter((one) => !seen.has(one));
}
