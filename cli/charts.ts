// Every statechart of the company, as the policies in force build it: for `headcount machines` and docs/machines.md.

import type { AnyStateMachine } from 'xstate';
import { buildAgentMachine } from '../machines/agent.ts';
import { buildCompanyMachine } from '../machines/company.ts';
import { type Chart, chartOf } from '../machines/draw.ts';
import { type AgentPolicy, providerPolicy, type RewardPolicy, type StandingPolicy } from '../machines/policy.ts';
import { buildProviderMachine } from '../machines/provider.ts';
import { buildRewardMachine } from '../machines/reward.ts';
import { buildScheduleMachine } from '../machines/schedule.ts';
import { buildStandingMachine } from '../machines/standing.ts';

/** The pace and the retry delay do not show in the drawing. */
const ANY_MS = 60_000;

/** What the charts are built from. */
export type Policies = {
  readonly agent: AgentPolicy;
  readonly reward: RewardPolicy;
  readonly standing: StandingPolicy;
};

type Entry = {
  /** One paragraph of plain words. */
  readonly about: string;
  readonly build: (policies: Policies) => AnyStateMachine;
};

const entries: Readonly<Record<string, Entry>> = {
  agent: {
    about:
      'Every role, from the CEO to support, is this chart: one agent, one piece of work in hand. An attempt that fails ' +
      'climbs the ladder of `org.yaml` when the work is at fault (`quality`, `contract`), waits and tries the same again ' +
      'when something else is (`environment`, `quota`, `dependency`), and is escalated when no attempt can help ' +
      '(`permanent`), or when the ladder, the waits or the budget of the lineage are used up. Resuming after a crash is ' +
      'a transition: ASSIGN carries the task as last recorded.',
    build: ({ agent }) => buildAgentMachine(agent),
  },
  reward: {
    about:
      'What a finished task brings. Its signals make a score, the score falls into a band of `org.yaml`, and the band ' +
      'says what the agent is told. After a poor result the knowledge base is asked for a lesson.',
    build: ({ reward }) => buildRewardMachine(reward),
  },
  standing: {
    about:
      'How far an agent is trusted. The scores of its last tasks, the newer the heavier, make a mean with an interval of ' +
      'confidence; only an interval that lies wholly on one side of a threshold of `org.yaml` moves anybody, so a few tasks ' +
      'never decide. Each move is on `agent.<id>.standing` with the messages that show it.',
    build: ({ standing }) => buildStandingMachine(standing),
  },
  company: {
    about:
      'Whether the company takes work. The first Ctrl+C drains: what is in hand is finished. The second stops at once; ' +
      'what was in hand comes back to whoever runs next.',
    build: () => buildCompanyMachine(),
  },
  provider: {
    about:
      'One provider of models under one account. The first call that meets trouble throttles it for everybody; it is left ' +
      'alone for 15, 30, 60, 90 and 120 s, or as long as it asks, up to an hour. Then one call is let through and decides. ' +
      'When that has failed too often, or the key is wrong, the circuit is open and probes get rarer. Its state is the last ' +
      'message on `provider.<name>`: whoever writes it first makes the transition, and everybody else hears of it.',
    build: () => buildProviderMachine(providerPolicy),
  },
  schedule: {
    about:
      'When a standing duty ticks. Time is cut into the same slots in every process; the stream takes one tick for each ' +
      'slot, so nobody has to lead. Slots missed while nobody ran collapse into the latest one.',
    build: () => buildScheduleMachine({ every: ANY_MS }, ANY_MS),
  },
};

/** Names of the charts, in the order in which they are shown. */
export const chartNames: readonly string[] = Object.keys(entries);

export type NamedChart = { readonly name: string; readonly about: string; readonly chart: Chart };

/** The chart of that name under the policies; undefined when there is none. */
export function drawChart(name: string, policies: Policies): NamedChart | undefined {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  return entry && { name, about: entry.about, chart: chartOf(entry.build(policies)) };
}
