import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { placesOf } from '../tests/walk.ts';
import { buildAgentMachine } from './agent.ts';
import { chartOf, mermaidOf } from './draw.ts';
import type { AgentPolicy } from './policy.ts';

const door = setup({
  types: { events: {} as { type: 'PUSH' } | { type: 'LOCK' } | { type: 'ALARM' } },
  guards: { hasKey: (_, params: { colour: string }) => params.colour === 'red' },
  actions: { creak: () => {}, ring: () => {} },
}).createMachine({
  id: 'door',
  initial: 'open',
  states: {
    open: {
      description: 'Anyone may come in.',
      initial: 'ajar',
      on: {
        LOCK: [{ guard: { type: 'hasKey', params: { colour: 'red' } }, target: 'end' }, { target: '#door.open.ajar' }],
      },
      states: {
        ajar: { entry: 'creak', on: { PUSH: 'wide' } },
        wide: { on: { PUSH: 'ajar', ALARM: { actions: 'ring' } } },
      },
    },
    end: { always: { guard: { type: 'hasKey', params: { colour: 'blue' } }, target: 'open' } },
  },
});

describe('a drawing', () => {
  test('nests states, shows guards with their parameters and what is done on entry', () => {
    expect(mermaidOf(chartOf(door))).toBe(`stateDiagram-v2
  [*] --> open
  state "open" as open {
    [*] --> open_ajar
    state "ajar" as open_ajar
    open_ajar : creak
    state "wide" as open_wide
    open_ajar --> open_ajar : LOCK [else]
    open_wide --> open_ajar : LOCK [else], PUSH
    open_ajar --> open_wide : PUSH
    open_wide --> open_wide : ALARM / ring
  }
  state "end" as end_
  open --> end_ : LOCK [hasKey red]
  end_ --> open : [hasKey blue]`);
  });

  test('as data has states, transitions, guards and descriptions', () => {
    const chart = chartOf(door);
    expect(chart.states[0]).toEqual({
      id: 'open',
      description: 'Anyone may come in.',
      initial: 'open.ajar',
      entry: [],
    });
    expect(chart.transitions).toContainEqual({
      from: 'open',
      event: 'LOCK',
      guard: 'hasKey red',
      to: 'end',
      actions: [],
    });
    expect(chart.transitions).toContainEqual({ from: 'open.wide', event: 'ALARM', actions: ['ring'] });
    expect(JSON.parse(JSON.stringify(chart))).toEqual(chart);
  });

  test('of an agent is the same each time, and shows the ladder in force', () => {
    const policy: AgentPolicy = {
      ladder: ['standard', 'consult', 'escalate'],
      waits: 2,
      backoff: { firstMs: 1, factor: 2, maxMs: 8 },
      depth: 0,
      stepMs: 1,
      lineage: { attempts: 3, cost: 1, ms: 1 },
    };
    const chart = chartOf(buildAgentMachine(policy));
    const drawn = mermaidOf(chart);
    expect(drawn).toBe(mermaidOf(chartOf(buildAgentMachine(policy))));
    expect(drawn).toContain('FAILED [mustWait or climbsTo consult]');
    expect(drawn).not.toContain('recall');
    const inner = chart.states.filter((state) => state.initial === undefined).map((state) => state.id);
    expect(inner).toEqual(placesOf(buildAgentMachine(policy)));
  });
});
