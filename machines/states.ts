// The states of a chart, by walking it.

import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A node and all that are inside it. */
export function* nodesOf(node: AnyStateNode): Generator<AnyStateNode> {
  yield node;
  for (const child of Object.values<AnyStateNode>(node.states)) yield* nodesOf(child);
}

/** Every state as an agent tells it, those with others inside too: `working`, `working.briefing`. */
export function stateNamesOf(machine: AnyStateMachine): readonly string[] {
  const [, ...inside] = nodesOf(machine.root);
  return inside.map(({ path }) => path.join('.'));
}
