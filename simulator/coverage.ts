// Which states and transitions of the charts a run came through, read from what agents and companies tell.

import type { AnyStateMachine, AnyStateNode } from 'xstate';
import type { Draft } from '../bus/messages.ts';
import { buildAgentMachine } from '../machines/agent.ts';
import { buildCompanyMachine } from '../machines/company.ts';
import type { Org } from '../org/org.ts';

/** One way through a chart: `agent: idle ASSIGN working.briefing`. */
export type Coverage = {
  /** To be told what is published or told, before anything can happen to it. */
  told(draft: Draft): void;
  readonly taken: ReadonlySet<string>;
};

export function createCoverage(): Coverage {
  const taken = new Set<string>();
  const states = new Map<string, string>();
  const move = (chart: string, who: string, event: string | undefined, state: string) => {
    const before = states.get(who);
    states.set(who, state);
    if (before !== undefined && event !== undefined) taken.add(`${chart}: ${before} ${event} ${state}`);
    taken.add(`${chart}: ${state}`);
  };
  return {
    taken,
    told(draft) {
      if (draft.type === 'agent.changed') {
        const { agent, event, state } = draft.data;
        const fresh = event === 'HIRED' || event === 'STOPPED' || state === event.toLowerCase();
        if (fresh) states.set(agent, 'idle');
        else move('agent', agent, event, state);
      }
      if (draft.type === 'control.changed' && draft.data.scope === 'company') {
        move('company', draft.source, '*', draft.data.state);
      }
    },
  };
}

function* nodesOf(node: AnyStateNode): Generator<AnyStateNode> {
  yield node;
  for (const child of Object.values(node.states)) yield* nodesOf(child);
}

/** The innermost state that a node begins in: `working` begins in `working.briefing`. */
function landing(node: AnyStateNode): string {
  const first = node.initial?.target[0];
  return first ? landing(first) : node.path.join('.');
}

function leaves(node: AnyStateNode): readonly AnyStateNode[] {
  const children = Object.values(node.states);
  return children.length === 0 ? [node] : children.flatMap(leaves);
}

function waysOf(chart: string, machine: AnyStateMachine, named: boolean): string[] {
  const ways: string[] = [];
  for (const node of nodesOf(machine.root)) {
    if (node !== machine.root && node.type === 'atomic') ways.push(`${chart}: ${node.path.join('.')}`);
    for (const [event, transitions] of node.transitions) {
      for (const { target } of transitions) {
        for (const from of leaves(node)) {
          for (const to of target ?? [])
            ways.push(`${chart}: ${from.path.join('.')} ${named ? event : '*'} ${landing(to)}`);
        }
      }
    }
  }
  return ways;
}

/** Every state and transition that the charts of an org can take, sorted. */
export function waysThrough(org: Org): readonly string[] {
  const agents = org.roles.flatMap(({ policy }) => waysOf('agent', buildAgentMachine(policy), true));
  return [...new Set([...agents, ...waysOf('company', buildCompanyMachine(), false)])].sort();
}
