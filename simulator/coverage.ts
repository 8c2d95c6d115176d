// Which states and transitions of the charts a company came through. Its actors are watched as they move; what has no actor of
// its own (standings, providers) is read from what is told.

import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, InspectionEvent } from 'xstate';
import type { Draft, Message } from '../bus/messages.ts';
import { buildAgentMachine } from '../machines/agent.ts';
import { buildCompanyMachine } from '../machines/company.ts';
import { providerPolicy, type StandingName } from '../machines/policy.ts';
import { buildProviderMachine } from '../machines/provider.ts';
import { buildRewardMachine } from '../machines/reward.ts';
import { buildScheduleMachine } from '../machines/schedule.ts';
import { buildStandingMachine } from '../machines/standing.ts';
import { nodesOf } from '../machines/states.ts';
import type { Org } from '../org/org.ts';

/** Watches a company. A state is taken as `agent: idle`, a way through as `agent: idle ASSIGN working.briefing`. */
export type Coverage = {
  /** To be given to every actor as `inspect`. */
  watch(event: InspectionEvent): void;
  /** To be told what is published. */
  told(message: Draft | Message): void;
  readonly taken: ReadonlySet<string>;
};

/** @param start the standing of whoever starts */
export function createCoverage(start: StandingName): Coverage {
  const taken = new Set<string>();
  const states = new WeakMap<object, string>();
  const at = (chart: string, state: string) => void taken.add(`${chart}: ${state}`);
  const way = (chart: string, before: string, event: string, state: string) =>
    void taken.add(`${chart}: ${before} ${event} ${state}`);
  return {
    taken,
    watch(event) {
      if (event.type !== '@xstate.microstep' && event.type !== '@xstate.snapshot') return;
      if (!isOfChart(event.snapshot)) return;
      const { machine, value } = event.snapshot;
      const state = pathOf(value);
      const before = states.get(event.actorRef);
      states.set(event.actorRef, state);
      at(machine.id, state);
      // The snapshot after the last step says the same again.
      if (event.type === '@xstate.microstep' && before !== undefined) way(machine.id, before, event.event.type, state);
    },
    told({ type, data }) {
      if (type === 'agent.changed' && data.event === 'HIRED') at('standing', start);
      if (type === 'standing.changed') {
        const { before, standing } = data;
        for (const state of [before, standing]) at('standing', state);
        way('standing', before, before === 'benched' ? 'RETURNED' : 'JUDGED', standing);
      }
      // Whoever is in trouble was well before.
      if (type === 'provider.changed') for (const state of ['healthy', data.state]) at('provider', state);
    },
  };
}

function isOfChart(snapshot: object): snapshot is AnyMachineSnapshot {
  return 'machine' in snapshot && 'value' in snapshot;
}

/** `working.briefing` for the value of a chart without parallel states. */
function pathOf(value: AnyMachineSnapshot['value']): string {
  const path: string[] = [];
  for (let rest: unknown = value; rest !== undefined; ) {
    if (typeof rest !== 'object' || rest === null) {
      path.push(String(rest));
      break;
    }
    const [entry] = Object.entries(rest);
    path.push(entry?.[0] ?? '');
    rest = entry?.[1];
  }
  return path.join('.');
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

/** `agent: idle`, for each state of a chart that has none inside. */
export function statesOf(machine: AnyStateMachine): readonly string[] {
  return leaves(machine.root).map(({ path }) => `${machine.id}: ${path.join('.')}`);
}

function waysOf(machine: AnyStateMachine): string[] {
  const ways = [...statesOf(machine)];
  for (const node of nodesOf(machine.root)) {
    for (const [event, transitions] of node.transitions) {
      for (const { target } of transitions) {
        for (const from of leaves(node)) {
          for (const to of target ?? []) ways.push(`${machine.id}: ${from.path.join('.')} ${event} ${landing(to)}`);
        }
      }
    }
  }
  return ways;
}

/**
 * Every state and transition of the charts that a simulated company of an org runs, sorted; of providers, which tell only what they
 * become, the states.
 * @param routed whether its models are chosen by a router
 */
export function waysThrough(
  { roles, reward, standing }: Pick<Org, 'roles' | 'reward' | 'standing'>,
  routed: boolean,
): readonly string[] {
  const scheduled = roles.some(({ schedule }) => Object.keys(schedule).length > 0);
  const charts: AnyStateMachine[] = [
    ...roles.map(({ policy }) => buildAgentMachine(policy)),
    buildRewardMachine(reward),
    buildStandingMachine(standing),
    buildCompanyMachine(),
    ...(scheduled ? [buildScheduleMachine({ every: 1 }, 1)] : []),
  ];
  const providers = routed ? statesOf(buildProviderMachine(providerPolicy)) : [];
  return [...new Set([...charts.flatMap(waysOf), ...providers])].sort();
}

/** How much of one chart was come through. */
export type ChartCoverage = {
  readonly chart: string;
  readonly states: { readonly taken: number; readonly of: number; readonly never: readonly string[] };
  readonly ways: { readonly taken: number; readonly of: number; readonly never: readonly string[] };
};

/** What was taken of all ways there are, chart by chart. */
export function coverageOf(ways: readonly string[], taken: ReadonlySet<string>): readonly ChartCoverage[] {
  const charts = new Map<string, { states: string[]; ways: string[] }>();
  for (const one of ways) {
    const [chart = '', way = ''] = one.split(': ');
    const known = charts.get(chart) ?? { states: [], ways: [] };
    charts.set(chart, known);
    known[way.includes(' ') ? 'ways' : 'states'].push(way);
  }
  return [...charts].map(([chart, known]) => {
    const part = (all: readonly string[]) => {
      const never = all.filter((way) => !taken.has(`${chart}: ${way}`));
      return { taken: all.length - never.length, of: all.length, never };
    };
    return { chart, states: part(known.states), ways: part(known.ways) };
  });
}
