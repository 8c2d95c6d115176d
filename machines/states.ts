// What the states of a chart are called.

import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** Every state as an agent tells it, those with others inside too: `working`, `working.briefing`. */
export function statesOf(machine: AnyStateMachine): readonly string[] {
  const inside = (node: AnyStateNode): string[] =>
    Object.values<AnyStateNode>(node.states).flatMap((child) => [child.path.join('.'), ...inside(child)]);
  return inside(machine.root);
}
