// Every state and transition of the agent chart, under several ladders. What each test expects is written down here a
// second time, in other words than in the chart: paths made from a chart and checked against it would find nothing.

import { describe, expect, test } from 'vitest';
import { initialTransition } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { Phase } from '../bus/records.ts';
import { answers, failures, fresh, keyOf, newTasks, policyOf, type Snapshot } from '../tests/fixtures/agent.ts';
import { LIMIT, placeOf, placesOf, step, stranded, walk } from '../tests/walk.ts';
import { type AgentCommand, type AgentEvent, buildAgentMachine, type WorkView } from './agent.ts';
import type { AgentPolicy, Rung } from './policy.ts';

/** Any task that a record may hold: in every phase, on every rung, after any number of waits. */
function recordedTasks(policy: AgentPolicy): AgentEvent[] {
  const found: AgentEvent[] = [];
  for (const phase of Phase.options) {
    for (let rung = 1; rung < policy.ladder.length; rung += 1) {
      for (let waits = 0; waits <= policy.waits; waits += 1) {
        for (const depthLeft of [0, 1]) {
          // Only what has not begun can be refused for lack of a budget.
          const afford = phase === 'briefing' ? [true, false] : [true];
          for (const affordable of afford) {
            found.push({
              type: 'ASSIGN',
              work: { ...fresh, phase, rung, attempt: rung, waits, depthLeft, affordable },
            });
          }
        }
      }
    }
  }
  return found;
}

function explore(policy: AgentPolicy, assignments: AgentEvent[]) {
  const machine = buildAgentMachine(policy);
  const idle = [...assignments, ...answers];
  const busy = [...newTasks, ...answers];
  const events = (snapshot: Snapshot) => (snapshot.value === 'idle' ? idle : busy);
  return { machine, ...walk(machine, { input: { agent: 'backend-1' }, events, key: keyOf }) };
}

const ladders: Rung[][] = [
  ['standard', 'recall', 'consult', 'decompose', 'escalate'],
  ['standard', 'escalate'],
  ['standard', 'standard', 'escalate'],
  ['standard', 'consult', 'decompose', 'escalate'],
  ['standard', 'decompose', 'decompose', 'recall', 'escalate'],
];

/** What each state asks for on entry, and nothing else. */
const asks: Record<string, AgentCommand['type'] | undefined> = {
  idle: undefined,
  'working.briefing': 'brief',
  'working.executing': 'execute',
  'working.verifying': 'verify',
  'working.reporting': 'report',
  'retrying.backingOff': 'backOff',
  'retrying.recalling': 'recall',
  'retrying.consulting': 'consult',
  'unfunded.executing': 'waitForMoney',
  'unfunded.verifying': 'waitForMoney',
  'unfunded.planning': 'waitForMoney',
  'decomposing.planning': 'plan',
  'decomposing.delegating': 'delegate',
  escalated: 'escalate',
};

/** How far an attempt is, for the proof that work ends. */
const order = [
  'retrying.backingOff',
  'retrying.recalling',
  'retrying.consulting',
  'decomposing.planning',
  'decomposing.delegating',
  'working.briefing',
  'working.executing',
  'working.verifying',
  'working.reporting',
];

/** Waits that the policy counts. */
function countedIn({ waits, excused }: WorkView = fresh): number {
  return waits - excused;
}

/** Why a failure may end in `escalated`; undefined when it may not. */
function excuse(policy: AgentPolicy, work: WorkView, event: Extract<AgentEvent, { type: 'FAILED' }>) {
  const { kind } = event.failure;
  if (kind === 'permanent') return 'permanent';
  if (!event.affordable) return 'budget gone';
  if (kind === 'quality' || kind === 'contract') {
    const left = policy.ladder.slice(work.rung).filter((rung) => rung !== 'decompose' || work.depthLeft > 0);
    return left[0] === 'escalate' ? 'ladder used up' : undefined;
  }
  if (kind === 'quota' && event.failure.until !== undefined) return undefined;
  return work.waits - work.excused === policy.waits ? 'waits used up' : undefined;
}

for (const ladder of ladders) {
  describe(`the ladder ${ladder.join(', ')}`, () => {
    const policy = policyOf(ladder);
    const life = explore(policy, newTasks);
    const any = explore(policy, [...newTasks, ...recordedTasks(policy)]);

    test('leads through every state of the chart, and the chart has no other', () => {
      const reached = new Set(any.situations.map(placeOf));
      expect([...reached].sort()).toEqual(placesOf(any.machine).sort());
      const expected = ['recall', 'consult'].filter((rung) => !(ladder as string[]).includes(rung));
      expect(Object.keys(asks).filter((place) => !reached.has(place))).toEqual(
        expected.map((rung) => `retrying.${rung}ing`),
      );
    });

    test('takes every transition of the chart', () => {
      const taken = new Set(
        any.edges
          .filter(({ heard }) => heard)
          .map(({ from, event, to }) => `${placeOf(from)} ${event.type} ${placeOf(to)}`),
      );
      for (const place of placesOf(any.machine)) {
        const node = any.machine.getStateNodeById(`agent.${place}`);
        for (const event of node.ownEvents) {
          expect(
            [...taken].some((one) => one.startsWith(`${place} ${event} `)),
            `${place} ${event}`,
          ).toBe(true);
        }
      }
    });

    test('leaves a way to idle from every situation', () => {
      expect(stranded(any.edges, keyOf, (snapshot) => snapshot.value === 'idle')).toEqual([]);
    });

    test('has a task in hand in every state but idle', () => {
      for (const { value, context } of any.situations) {
        expect(context.work === undefined, JSON.stringify(value)).toBe(value === 'idle');
      }
    });

    test('asks for exactly one thing in each state, and for nothing when it does not know the event', () => {
      for (const { from, event, to, commands, heard } of any.edges) {
        const expected = heard ? asks[placeOf(to)] : undefined;
        const label = `${placeOf(from)} ${event.type} ${placeOf(to)}`;
        expect(
          commands.map((command) => command.type),
          label,
        ).toEqual(expected === undefined ? [] : [expected]);
      }
    });

    test('answers every kind of failure in every busy state', () => {
      for (const snapshot of any.situations.filter(({ value }) => value !== 'idle')) {
        for (const failure of failures) {
          expect(snapshot.can(failure), `${placeOf(snapshot)} ${JSON.stringify(failure)}`).toBe(true);
        }
      }
    });

    test('starts at most as many attempts as it has rungs before escalate', () => {
      const attempts = life.situations.map(({ context }) => context.work?.attempt ?? 0);
      expect(Math.max(...attempts)).toBe(ladder.length - 1);
      for (const { from, to } of any.edges) {
        const before = from.context.work;
        const after = to.context.work;
        if (!before || !after || before.rung === after.rung) {
          expect(!before || !after || before.attempt === after.attempt).toBe(true);
          continue;
        }
        expect(after.attempt).toBe(before.attempt + 1);
        expect(after.rung).toBeGreaterThan(before.rung);
        expect(ladder[after.rung - 1]).not.toBe('escalate');
        expect(after.waits).toBe(0);
      }
    });

    test('waits at most as often as the policy says, for the right failures only', () => {
      expect(Math.max(...life.situations.map(({ context }) => countedIn(context.work)))).toBe(policy.waits);
      for (const { from, event, to } of any.edges) {
        const before = from.context.work;
        const after = to.context.work;
        if (!before || !after || after.waits <= before.waits) continue;
        expect(after.waits).toBe(before.waits + 1);
        expect(countedIn(after)).toBeLessThanOrEqual(policy.waits);
        expect(placeOf(to)).toBe('retrying.backingOff');
        if (event.type !== 'FAILED') throw new Error(`${event.type} made it wait`);
        expect(['environment', 'quota', 'dependency']).toContain(event.failure.kind);
      }
    });

    test('does not count a wait whose end is known, and nothing but those; an unaffordable one escalates', () => {
      for (const { from, event, to } of any.edges) {
        const [before, after] = [from.context.work, to.context.work];
        if (!before || !after || after.excused === before.excused || after.excused === 0) continue;
        if (event.type !== 'FAILED') throw new Error(`${event.type} excused a wait`);
        expect([event.failure.kind, event.failure.until, event.affordable]).toEqual(['quota', 1_000, true]);
        expect([after.waits, after.excused]).toEqual([before.waits + 1, before.excused + 1]);
        expect(placeOf(to)).toBe('retrying.backingOff');
      }
      const late = {
        type: 'FAILED',
        failure: { kind: 'quota', reason: 'late', until: 1_000 },
        affordable: false,
      } as const;
      const busy = any.situations.filter(({ value }) => value !== 'idle' && value !== 'escalated');
      for (const snapshot of busy) expect(placeOf(step(any.machine, snapshot, late).to)).toBe('escalated');
    });

    test('comes nearer to its end with every event it hears, but for a wait whose end is known', () => {
      const rank = (snapshot: Snapshot) => {
        const { rung } = snapshot.context.work ?? fresh;
        return (rung * 10 + countedIn(snapshot.context.work)) * 100 + order.indexOf(placeOf(snapshot));
      };
      const busy = (snapshot: Snapshot) => order.includes(placeOf(snapshot));
      for (const { from, event, to, heard } of any.edges) {
        if (!heard || !busy(from) || !busy(to)) continue;
        if (event.type === 'FAILED' && event.failure.until !== undefined) continue;
        expect(rank(to), `${placeOf(from)} ${event.type} ${placeOf(to)}`).toBeGreaterThan(rank(from));
      }
    });

    test('escalates when it must, and only then', () => {
      const seen = new Set<string>();
      for (const { from, event, to, heard } of any.edges) {
        if (!heard || from.value === 'escalated') continue;
        const escalated = to.value === 'escalated';
        if (event.type === 'ASSIGN') {
          expect(escalated).toBe(!event.work.affordable);
          continue;
        }
        const why = event.type === 'FAILED' && from.context.work ? excuse(policy, from.context.work, event) : undefined;
        expect(escalated, `${placeOf(from)} ${JSON.stringify([from.context.work, event])}`).toBe(why !== undefined);
        if (why) seen.add(why);
      }
      expect([...seen].sort()).toEqual(['budget gone', 'ladder used up', 'permanent', 'waits used up']);
    });

    test('climbs rung by rung when only quality fails, and skips decompose where no level is left', () => {
      for (const depthLeft of [1, 0]) {
        expect(climbed(policy, depthLeft)).toEqual(
          ladder.slice(1).filter((rung) => rung !== 'decompose' || depthLeft > 0),
        );
      }
    });

    test('has a shortest path to every situation that climbs no rung twice', () => {
      const paths = getShortestPaths(any.machine, {
        input: { agent: 'backend-1' },
        events: [...newTasks, ...answers],
        serializeState: keyOf,
        limit: LIMIT,
      });
      expect(paths.length).toBe(life.situations.length);
      for (const { steps } of paths) {
        const last = steps.map(({ event }) => event.type).lastIndexOf('ASSIGN');
        const climbs = steps
          .slice(last)
          .filter(({ event }) => event.type === 'FAILED' && ['quality', 'contract'].includes(event.failure.kind));
        // The last one of them may be the one that escalates.
        expect(climbs.length).toBeLessThanOrEqual(ladder.length - 1);
      }
    });
  });
}

/** Fails with `quality` whenever the work of a rung has been asked for; the rungs it sees, in order. */
function climbed(policy: AgentPolicy, depthLeft: number): string[] {
  const machine = buildAgentMachine(policy);
  const [idle] = initialTransition(machine, { agent: 'backend-1' });
  const seen: string[] = [];
  let edge = step(machine, idle, { type: 'ASSIGN', work: { ...fresh, depthLeft } });
  for (let turns = 0; turns < 100; turns += 1) {
    const asked = edge.commands[0]?.type;
    if (asked === 'escalate') return [...seen, 'escalate'];
    if (asked === 'brief' && seen.length + 1 < (edge.to.context.work?.attempt ?? 0)) seen.push('standard');
    if (asked === 'plan') seen.push('decompose');
    if (asked === 'recall' || asked === 'consult') seen.push(asked);
    edge = step(machine, edge.to, nextAfter(asked));
  }
  throw new Error('it never escalated');
}

function nextAfter(asked: string | undefined): AgentEvent {
  if (asked === 'backOff') return { type: 'DUE' };
  if (asked === 'recall') return { type: 'RECALLED' };
  if (asked === 'consult') return { type: 'CONSULTED' };
  if (asked === 'brief') return { type: 'BRIEFED' };
  return { type: 'FAILED', failure: { kind: 'quality', reason: 'a test failed' }, affordable: true };
}
