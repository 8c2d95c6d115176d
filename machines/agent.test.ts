// The policy of the agent chart. What each test expects is written down here a second time, in other words than in the
// chart: paths made from a chart and checked against it would find nothing.

import { describe, expect, test } from 'vitest';
import { createActor, initialTransition } from 'xstate';
import { createTestModel, getShortestPaths } from 'xstate/graph';
import { FailureKind, Phase } from '../bus/records.ts';
import { placeOf, placesOf, step, stranded, walk } from '../tests/walk.ts';
import { type AgentCommand, type AgentEvent, buildAgentMachine, type WorkView } from './agent.ts';
import type { AgentPolicy, Rung } from './policy.ts';

const kinds = FailureKind.options;

function policyOf(ladder: readonly Rung[], waits = 2): AgentPolicy {
  return {
    ladder,
    waits,
    backoff: { firstMs: 1000, factor: 2, maxMs: 6000 },
    depth: 1,
    lineage: { attempts: 20, cost: 10, ms: 3_600_000 },
  };
}

const fresh: WorkView = { id: 'T1', phase: 'briefing', attempt: 1, rung: 1, waits: 0, depthLeft: 1, affordable: true };

const failures: AgentEvent[] = kinds.flatMap((kind) =>
  [true, false].map((affordable) => ({ type: 'FAILED' as const, failure: { kind, reason: kind }, affordable })),
);

const answers: AgentEvent[] = [
  { type: 'BRIEFED' },
  { type: 'EXECUTED' },
  { type: 'VERIFIED' },
  { type: 'AWAITING' },
  { type: 'REPORTED' },
  { type: 'DUE' },
  { type: 'PARKED' },
  { type: 'RECALLED' },
  { type: 'CONSULTED' },
  { type: 'PLANNED' },
  { type: 'DELEGATED' },
  { type: 'ESCALATED' },
  ...failures,
];

/** A new task, with and without room for subtasks and money. */
const newTasks: AgentEvent[] = [0, 1].flatMap((depthLeft) =>
  [true, false].map((affordable) => ({ type: 'ASSIGN' as const, work: { ...fresh, depthLeft, affordable } })),
);

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

type Machine = ReturnType<typeof buildAgentMachine>;
type Snapshot = ReturnType<typeof initialTransition<Machine>>[0];

/** What decides how it goes on; the rest of the context is for people. */
const keyOf = ({ value, context }: Snapshot) => {
  const { rung, attempt, waits, depthLeft } = context.work ?? { rung: 0, attempt: 0, waits: 0, depthLeft: 0 };
  return JSON.stringify([value, rung, attempt, waits, depthLeft]);
};

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

/** Why a failure may end in `escalated`; undefined when it may not. */
function excuse(policy: AgentPolicy, work: WorkView, event: Extract<AgentEvent, { type: 'FAILED' }>) {
  const { kind } = event.failure;
  if (kind === 'permanent') return 'permanent';
  if (!event.affordable) return 'budget gone';
  if (kind === 'quality' || kind === 'contract') {
    const left = policy.ladder.slice(work.rung).filter((rung) => rung !== 'decompose' || work.depthLeft > 0);
    return left[0] === 'escalate' ? 'ladder used up' : undefined;
  }
  return work.waits === policy.waits ? 'waits used up' : undefined;
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
      expect(Math.max(...life.situations.map(({ context }) => context.work?.waits ?? 0))).toBe(policy.waits);
      for (const { from, event, to } of any.edges) {
        const before = from.context.work;
        const after = to.context.work;
        if (!before || !after || after.waits <= before.waits) continue;
        expect(after.waits).toBe(before.waits + 1);
        expect(after.waits).toBeLessThanOrEqual(policy.waits);
        expect(placeOf(to)).toBe('retrying.backingOff');
        if (event.type !== 'FAILED') throw new Error(`${event.type} made it wait`);
        expect(['environment', 'quota', 'dependency']).toContain(event.failure.kind);
      }
    });

    test('comes nearer to its end with every event it hears', () => {
      const rank = (snapshot: Snapshot) => {
        const { rung, waits } = snapshot.context.work ?? fresh;
        return (rung * 10 + waits) * 100 + order.indexOf(placeOf(snapshot));
      };
      const busy = (snapshot: Snapshot) => order.includes(placeOf(snapshot));
      for (const { from, event, to, heard } of any.edges) {
        if (!heard || !busy(from) || !busy(to)) continue;
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

describe('an agent', () => {
  const policy = policyOf(['standard', 'recall', 'consult', 'decompose', 'escalate']);
  const machine = buildAgentMachine(policy);

  /** Plays events to a living actor; what it asked for and where it stands. */
  function play(...events: AgentEvent[]) {
    const commands: AgentCommand[] = [];
    const actor = createActor(machine, { input: { agent: 'backend-1' } });
    actor.on('*', (command) => void commands.push(command));
    actor.start();
    for (const event of events) actor.send(event);
    const snapshot = actor.getSnapshot();
    return { commands, place: placeOf(snapshot), snapshot };
  }
  const assign = (work: Partial<WorkView>): AgentEvent => ({ type: 'ASSIGN', work: { ...fresh, ...work } });
  const fail = (kind: FailureKind, rest: { until?: number; affordable?: boolean } = {}): AgentEvent => ({
    type: 'FAILED',
    failure: { kind, reason: `${kind} failed`, ...(rest.until === undefined ? {} : { until: rest.until }) },
    affordable: rest.affordable ?? true,
  });

  test('does a task that goes well in four steps', () => {
    const done = play(
      assign({}),
      { type: 'BRIEFED' },
      { type: 'EXECUTED' },
      { type: 'VERIFIED' },
      { type: 'REPORTED' },
    );
    expect(done.commands.map(({ type }) => type)).toEqual(['brief', 'execute', 'verify', 'report']);
    expect(done.place).toBe('idle');
  });

  test.each([
    ['briefing', 'working.briefing'],
    ['executing', 'working.executing'],
    ['verifying', 'working.verifying'],
    ['reporting', 'working.reporting'],
    ['backing-off', 'retrying.backingOff'],
    ['planning', 'decomposing.planning'],
  ] as const)('resumes a task that was %s in %s', (phase, place) => {
    const resumed = play(assign({ phase, attempt: 2, rung: 2, waits: 1 }));
    expect(resumed.place).toBe(place);
    expect(resumed.snapshot.context.work).toEqual({ ...fresh, phase, attempt: 2, rung: 2, waits: 1 });
  });

  test('backs off longer with each rung and each wait, up to the limit', () => {
    const ms = (work: Partial<WorkView>, kind: FailureKind) =>
      play(assign(work), fail(kind)).commands.flatMap((command) => (command.type === 'backOff' ? [command.ms] : []));
    expect(ms({ rung: 1 }, 'quality')).toEqual([1000]);
    expect(ms({ rung: 2 }, 'contract')).toEqual([2000]);
    expect(ms({ rung: 1 }, 'environment')).toEqual([1000]);
    expect(ms({ rung: 1, waits: 1 }, 'dependency')).toEqual([2000]);
    expect(ms({ rung: 3, waits: 1 }, 'quota')).toEqual([6000]);
  });

  test('waits until the instant that a quota failure names', () => {
    const { commands } = play(assign({}), fail('quota', { until: 1_700_000_000_000 }));
    expect(commands.at(-1)).toEqual({ type: 'backOff', ms: 1000, until: 1_700_000_000_000 });
  });

  test('goes idle when a long wait was put back', () => {
    const parked = play(assign({}), fail('quota'), { type: 'PARKED' });
    expect(parked.place).toBe('idle');
    expect(parked.snapshot.context.work).toBeUndefined();
  });

  test('goes idle while a review or its subtasks are awaited', () => {
    expect(play(assign({ phase: 'verifying' }), { type: 'AWAITING' }).place).toBe('idle');
    const delegated = play(assign({ phase: 'planning' }), { type: 'PLANNED' }, { type: 'DELEGATED' });
    expect(delegated.commands.map(({ type }) => type)).toEqual(['plan', 'delegate']);
    expect(delegated.place).toBe('idle');
  });

  test('stays on its rung when it waits', () => {
    const { snapshot } = play(assign({ rung: 2, attempt: 2 }), fail('environment'));
    expect(snapshot.context.work).toMatchObject({ rung: 2, attempt: 2, waits: 1 });
  });

  test.each([
    [2, 'recall', 'retrying.recalling'],
    [3, 'consult', 'retrying.consulting'],
    [4, 'plan', 'decomposing.planning'],
  ] as const)('after a wait on rung %i asks for %s again', (rung, command, place) => {
    const again = play(assign({ phase: 'backing-off', rung, attempt: rung, waits: 1 }), { type: 'DUE' });
    expect(again.place).toBe(place);
    expect(again.commands.at(-1)?.type).toBe(command);
  });

  test('plans again after a wait that began while it was planning', () => {
    const again = play(assign({ phase: 'planning', rung: 4, attempt: 4 }), fail('quota'), { type: 'DUE' });
    expect(again.place).toBe('decomposing.planning');
  });

  test('escalates with the reason of the failure', () => {
    expect(play(assign({}), fail('permanent')).commands.at(-1)).toEqual({
      type: 'escalate',
      reason: 'permanent failed',
    });
  });

  test('escalates a new task of a lineage that is spent, and lets a begun one finish', () => {
    const refused = play(assign({ affordable: false }));
    expect(refused.commands).toEqual([{ type: 'escalate', reason: 'the lineage has no budget left' }]);
    expect(play(assign({ phase: 'reporting', affordable: false })).place).toBe('working.reporting');
  });

  test('tries the same escalation again when escalating failed', () => {
    const again = play(assign({}), fail('permanent'), fail('environment'));
    expect(again.place).toBe('escalated');
    expect(again.commands.filter(({ type }) => type === 'escalate')).toEqual([
      { type: 'escalate', reason: 'permanent failed' },
      { type: 'escalate', reason: 'permanent failed' },
    ]);
  });

  test('never waits when the policy allows no waits', () => {
    const strict = buildAgentMachine(policyOf(['standard', 'escalate'], 0));
    const actor = createActor(strict, { input: { agent: 'qa' } }).start();
    actor.send(assign({}));
    actor.send(fail('quota'));
    expect(actor.getSnapshot().value).toBe('escalated');
  });
});

describe('the chart and a living actor', () => {
  const machine = buildAgentMachine(policyOf(['standard', 'recall', 'escalate'], 1));
  const events = [...newTasks, ...answers];
  const paths = createTestModel(machine).getShortestPaths({
    input: { agent: 'backend-1' },
    events,
    filterEvents: (snapshot, event) => snapshot.can(event),
    serializeState: (snapshot, event, previous) => keyOf(snapshot) + event?.type + JSON.stringify(previous?.value),
  });

  test('agree along every path', async () => {
    for (const path of paths) {
      const actor = createActor(machine, { input: { agent: 'backend-1' } }).start();
      await path.test({
        states: {
          '*': (expected) => {
            // Not the whole context: of situations that go on alike the walk keeps one.
            expect(keyOf(actor.getSnapshot())).toBe(keyOf(expected));
          },
        },
        events: Object.fromEntries(
          events.map(({ type }) => [type, (one: { event: AgentEvent }) => actor.send(one.event)]),
        ),
      });
      actor.stop();
    }
    expect(paths.length).toBeGreaterThan(20);
  });
});
